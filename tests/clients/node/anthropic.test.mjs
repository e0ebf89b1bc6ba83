// Anthropic's SDK for Node, unchanged, against the real binary in front of a mock provider.
import assert from "node:assert/strict";
import { test } from "node:test";

import Anthropic from "@anthropic-ai/sdk";

import { ask, collect, key, logged, narrowKey, slowKey, url, weather } from "./weir.mjs";

const model = "claude-sonnet-4-6";
const clientWith = (more = {}) => new Anthropic({ baseURL: url, apiKey: key, maxRetries: 0, ...more });
const client = clientWith();
const body = (more = {}) => ({ model, max_tokens: 200, messages: ask, ...more });
// `does` is a script for the mock provider.
const send = (more = {}, does = undefined, by = client, headers = {}) =>
  by.messages.create(body(more), { headers: does ? { ...headers, "x-mock": does } : headers });
const tools = [{ name: "weather", description: "the weather", input_schema: weather }];
const thinking = { max_tokens: 2000, thinking: { type: "enabled", budget_tokens: 1024 } };

test("messages", async () => {
  const answer = await send();
  assert.ok(answer.content[0].text);
  assert.ok(answer.usage.output_tokens > 0);
});

test("messages streamed", async () => {
  const stream = client.messages.stream(body());
  const final = await stream.finalMessage();
  assert.equal(final.content[0].text, (await send()).content[0].text);
});

test("messages as events", async () => {
  const kinds = (await collect(await send({ stream: true }))).map((e) => e.type);
  assert.equal(kinds[0], "message_start");
  assert.equal(kinds.at(-1), "message_stop");
});

test("tools", async () => {
  const used = (await send({ tools })).content.find((block) => block.type === "tool_use");
  assert.deepEqual([used.name, Object.keys(used.input)], ["weather", ["city"]]);
});

test("tools streamed", async () => {
  const final = await client.messages.stream(body({ tools })).finalMessage();
  assert.deepEqual(Object.keys(final.content[0].input), ["city"]);
});

test("thinking", async () => {
  const answer = await send(thinking);
  assert.deepEqual(answer.content.map((block) => block.type), ["thinking", "text"]);
});

test("thinking streamed", async () => {
  const final = await client.messages.stream(body(thinking)).finalMessage();
  assert.deepEqual(final.content, (await send(thinking)).content);
});

test("collect on", async () => {
  assert.deepEqual((await send({ ...thinking, model: "claude-haiku-4-5" })).content, (await send(thinking)).content);
});

test("count tokens", async () => {
  const counted = await client.messages.countTokens({ model, messages: [{ role: "user", content: "one two three" }] });
  assert.equal(counted.input_tokens, 3);
});

test("with raw response", async () => {
  const { response } = await client.messages.create(body()).withResponse();
  assert.ok(response.headers.get("x-weir-upstream"));
});

test("models", async () => {
  assert.ok((await collect(clientWith({ apiKey: narrowKey }).models.list())).some((m) => m.id === model));
});

test("400 is BadRequestError", async () => {
  await assert.rejects(send({ messages: [{ role: "system", content: "Be brief." }, ...ask] }), Anthropic.BadRequestError);
});

test("401 is AuthenticationError", async () => {
  await assert.rejects(send({}, undefined, clientWith({ apiKey: "wrong" })), Anthropic.AuthenticationError);
});

test("403 is PermissionDeniedError", async () => {
  await assert.rejects(send({ model: "claude-opus-4-6" }, undefined, clientWith({ apiKey: narrowKey })), Anthropic.PermissionDeniedError);
});

test("404 is NotFoundError", async () => {
  await assert.rejects(send({}, "status=404"), Anthropic.NotFoundError);
});

test("429 is RateLimitError", async () => {
  const slow = clientWith({ apiKey: slowKey });
  await send({}, undefined, slow);
  await assert.rejects(send({}, undefined, slow), (e) => e instanceof Anthropic.RateLimitError && e.error.error.code === "rate_limited");
  await assert.rejects(send({}, "status=429"), Anthropic.RateLimitError);
});

test("5xx is InternalServerError", async () => {
  for (const status of [500, 529])
    await assert.rejects(send({}, `status=${status}`), (e) => e instanceof Anthropic.InternalServerError && e.status === status);
});

test("cut streams raise", async () => {
  for (const end of ["reset", "fin"])
    await assert.rejects(async () => collect(await send({ stream: true }, `cut=event:5,ending=${end}`)));
});

test("error in a stream", async () => {
  await assert.rejects(async () => collect(await send({ stream: true }, "error_event=5")), Anthropic.APIError);
});

test("leaving a stream cancels it", async () => {
  const stream = await send({ stream: true }, "stall_after=4,stall=20000", client, { "x-request-id": "left" });
  for await (const _ of stream) break;
  assert.equal((await logged((line) => line.request_id === "left")).status, 499);
});
