// OpenAI's SDK for Node, unchanged, against the real binary in front of a mock provider.
import assert from "node:assert/strict";
import { test } from "node:test";

import OpenAI, { toFile } from "openai";
import { OpenAIRealtimeWS } from "openai/realtime/ws";

import { ask, collect, key, logged, narrowKey, slowKey, tlsUrl, url, weather } from "./weir.mjs";

const clientWith = (more = {}) => new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0, ...more });
const client = clientWith();
const chat = (more = {}, options = {}, by = client) => by.chat.completions.create({ model: "gpt-4o", messages: ask, ...more }, options);
const tools = [{ type: "function", function: { name: "weather", parameters: weather } }];
const image = Buffer.alloc(10_000, 7);

test("chat", async () => {
  const answer = await chat();
  assert.ok(answer.choices[0].message.content);
  assert.ok(answer.usage.completion_tokens > 0);
});

test("chat streamed", async () => {
  const chunks = await collect(await chat({ stream: true }));
  assert.equal(chunks.map((c) => c.choices[0]?.delta.content ?? "").join(""), (await chat()).choices[0].message.content);
  assert.equal(chunks.at(-1).choices[0].finish_reason, "stop");
  assert.ok(chunks.every((c) => !c.usage), "the usage that weir asked for is weir's");
});

test("chat streamed with usage", async () => {
  const chunks = await collect(await chat({ stream: true, stream_options: { include_usage: true } }));
  assert.equal(chunks.filter((c) => c.usage).length, 1);
});

test("chat over TLS", async () => {
  const secure = clientWith({ baseURL: `${tlsUrl}/v1` });
  assert.ok((await chat({}, {}, secure)).choices[0].message.content);
  assert.ok((await collect(await chat({ stream: true }, {}, secure))).length > 5);
});

test("chat stream helper", async () => {
  const runner = client.chat.completions.stream({ model: "gpt-4o", messages: ask, tools });
  const answer = await runner.finalChatCompletion();
  assert.deepEqual(Object.keys(JSON.parse(answer.choices[0].message.tool_calls[0].function.arguments)), ["city"]);
});

test("tools", async () => {
  const answer = await chat({ tools });
  assert.equal(answer.choices[0].message.tool_calls[0].function.name, "weather");
});

test("collect on", async () => {
  const [plain, collected] = [await chat({ n: 2 }), await chat({ model: "gpt-4o-mini", n: 2 })];
  assert.deepEqual(collected.choices, plain.choices);
  assert.deepEqual(collected.usage, plain.usage);
});

test("with raw response", async () => {
  const { data, response } = await client.chat.completions.create({ model: "gpt-4o", messages: ask }).withResponse();
  assert.ok(response.headers.get("x-weir-upstream"));
  assert.equal(data._request_id, response.headers.get("x-request-id"));
});

test("responses", async () => {
  const answer = await client.responses.create({ model: "gpt-4o", input: "Hello" });
  assert.equal(answer.status, "completed");
  assert.ok(answer.output_text);
});

test("responses streamed", async () => {
  const kinds = (await collect(await client.responses.create({ model: "gpt-4o", input: "Hello", stream: true }))).map((e) => e.type);
  assert.equal(kinds[0], "response.created");
  assert.equal(kinds.at(-1), "response.completed");
});

test("responses kept", async () => {
  const made = await client.responses.create({ model: "gpt-4o", input: "Hello" });
  assert.equal((await client.responses.retrieve(made.id)).output_text, made.output_text);
  await client.responses.delete(made.id);
  await assert.rejects(client.responses.retrieve(made.id), OpenAI.NotFoundError);
});

test("embeddings", async () => {
  const answer = await client.embeddings.create({ model: "text-embedding-3-small", input: ["a river", "a weir"], dimensions: 16 });
  assert.deepEqual(answer.data.map((each) => each.embedding.length), [16, 16]);
});

test("moderations", async () => {
  const answer = await client.moderations.create({ model: "omni-moderation-latest", input: "a river" });
  assert.equal(answer.results[0].flagged, false);
});

test("models", async () => {
  assert.ok((await collect(clientWith({ apiKey: narrowKey }).models.list())).some((m) => m.id === "gpt-4o"));
});

test("images", async () => {
  const answer = await client.images.generate({ model: "gpt-image-1", prompt: "a weir" });
  assert.equal(Buffer.from(answer.data[0].b64_json, "base64").subarray(1, 4).toString(), "PNG");
});

test("images streamed", async () => {
  const events = await collect(await client.images.generate({ model: "gpt-image-1", prompt: "a weir", stream: true, partial_images: 1 }));
  assert.deepEqual(events.map((e) => e.type), ["image_generation.partial_image", "image_generation.completed"]);
});

test("image edits", async () => {
  const file = await toFile(image, "weir.png", { type: "image/png" });
  const answer = await client.images.edit({ model: "gpt-image-1", prompt: "more water", image: file });
  assert.ok(Buffer.from(answer.data[0].b64_json, "base64").equals(image));
});

test("speech", async () => {
  const answer = await client.audio.speech.create({ model: "tts-1", voice: "alloy", input: "Water flows." });
  assert.equal((await answer.arrayBuffer()).byteLength, 32 * 1024);
});

test("transcriptions", async () => {
  const answer = await client.audio.transcriptions.create({ model: "gpt-4o-transcribe", file: await toFile(Buffer.alloc(100_000), "river.wav") });
  assert.match(answer.text, /weir/);
});

test("transcriptions streamed", async () => {
  const file = await toFile(Buffer.alloc(100_000), "river.wav");
  const events = await collect(await client.audio.transcriptions.create({ model: "gpt-4o-transcribe", file, stream: true }));
  assert.equal(events.slice(0, -1).map((e) => e.delta).join(""), events.at(-1).text);
});

test("files", async () => {
  const made = await client.files.create({ file: await toFile(image, "tasks.jsonl"), purpose: "batch" });
  assert.equal(made.bytes, image.length);
  assert.ok(Buffer.from(await (await client.files.content(made.id)).arrayBuffer()).equals(image));
  assert.ok((await client.files.delete(made.id)).deleted);
});

test("batches", async () => {
  const line = { custom_id: "task-0", method: "POST", url: "/v1/chat/completions", body: { model: "gpt-4o", messages: ask } };
  const tasks = await client.files.create({ file: await toFile(Buffer.from(`${JSON.stringify(line)}\n`), "tasks.jsonl"), purpose: "batch" });
  const made = await client.batches.create({ input_file_id: tasks.id, endpoint: "/v1/chat/completions", completion_window: "24h" });
  const done = await client.batches.retrieve(made.id);
  assert.equal(done.status, "completed");
  const output = await (await client.files.content(done.output_file_id)).text();
  assert.equal(JSON.parse(output).custom_id, "task-0");
});

test("realtime", async () => {
  // The SDK speaks wss only.
  const session = new OpenAIRealtimeWS({ model: "gpt-realtime" }, clientWith({ baseURL: `${tlsUrl}/v1` }));
  let text = "";
  const done = await new Promise((resolve, reject) => {
    session.on("error", reject);
    session.on("session.created", () => {
      session.send({ type: "conversation.item.create", item: { type: "message", role: "user", content: [{ type: "input_text", text: "Where to?" }] } });
      session.send({ type: "response.create" });
    });
    session.on("response.output_text.delta", (event) => (text += event.delta));
    session.on("response.done", resolve);
  });
  session.close();
  assert.equal(text, "Water flows over the weir.");
  assert.ok(done.response.usage.output_tokens > 0);
});

test("400 is BadRequestError", async () => {
  await assert.rejects(client.responses.create({ model: "gpt-4o", messages: ask }), (e) => e instanceof OpenAI.BadRequestError && e.code === "wrong_schema");
});

test("401 is AuthenticationError", async () => {
  await assert.rejects(chat({}, {}, clientWith({ apiKey: "wrong" })), (e) => e instanceof OpenAI.AuthenticationError && e.code === "invalid_key");
});

test("403 is PermissionDeniedError", async () => {
  const narrow = clientWith({ apiKey: narrowKey });
  await assert.rejects(chat({ model: "gpt-5" }, {}, narrow), (e) => e instanceof OpenAI.PermissionDeniedError && e.code === "model_not_allowed");
});

test("404 is NotFoundError", async () => {
  await assert.rejects(chat({ model: "mock:status=404" }), (e) => e instanceof OpenAI.NotFoundError && e.code === "model_not_found");
});

test("429 is RateLimitError", async () => {
  const slow = clientWith({ apiKey: slowKey });
  await chat({}, {}, slow);
  await assert.rejects(chat({}, {}, slow), (e) => e instanceof OpenAI.RateLimitError && e.code === "rate_limited");
  await assert.rejects(chat({ model: "mock:status=429" }), OpenAI.RateLimitError);
});

test("5xx is InternalServerError", async () => {
  for (const status of [500, 524])
    await assert.rejects(chat({ model: `mock:status=${status}` }), (e) => e instanceof OpenAI.InternalServerError && e.status === status);
});

test("5xx is not asked for again", async () => {
  const id = "asked-for-once";
  await assert.rejects(chat({ model: "mock:status=500" }, { maxRetries: 3, headers: { "x-request-id": id } }), OpenAI.InternalServerError);
  await logged((line) => line.request_id === id);
  const { attempts } = await logged((line) => line.request_id === id);
  assert.ok(attempts.length <= 3);
});

test("timeouts", async () => {
  await assert.rejects(chat({ model: "mock:before_head=20000" }, { timeout: 400 }), OpenAI.APIConnectionTimeoutError);
});

test("cut streams raise", async () => {
  for (const end of ["reset", "fin"])
    await assert.rejects(async () => collect(await chat({ model: `mock:cut=event:4,ending=${end}`, stream: true })));
});

test("leaving a stream cancels it", async () => {
  const stream = await chat({ model: "mock:stall_after=3,stall=20000", stream: true }, { headers: { "x-request-id": "left" } });
  for await (const _ of stream) break;
  assert.equal((await logged((line) => line.request_id === "left")).status, 499);
});

test("aborting a request cancels it", async () => {
  const controller = new AbortController();
  const asked = chat({ model: "mock:before_head=20000" }, { signal: controller.signal, headers: { "x-request-id": "aborted" } });
  setTimeout(() => controller.abort(), 100);
  await assert.rejects(asked, OpenAI.APIUserAbortError);
  assert.equal((await logged((line) => line.request_id === "aborted")).status, 499);
});
