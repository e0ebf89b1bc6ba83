// The Vercel AI SDK with its OpenAI, OpenAI-compatible and Anthropic providers, against the real binary.
import assert from "node:assert/strict";
import { test } from "node:test";

import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, embedMany, generateText, jsonSchema, streamText, tool } from "ai";

import { collect, key, logged, url, weather } from "./weir.mjs";

const openai = createOpenAI({ baseURL: `${url}/v1`, apiKey: key });
const compatible = createOpenAICompatible({ name: "weir", baseURL: `${url}/v1`, apiKey: key, includeUsage: true });
const anthropic = createAnthropic({ baseURL: `${url}/v1`, apiKey: key });
const prompt = "Say something about rivers.";
const tools = { weather: tool({ description: "the weather", inputSchema: jsonSchema(weather) }) };
const models = {
  chat: openai.chat("gpt-4o"),
  responses: openai.responses("gpt-4o"),
  "OpenAI-compatible chat": compatible("gpt-4o"),
  "Anthropic messages": anthropic("claude-sonnet-4-6"),
  "collect on": openai.chat("gpt-4o-mini"),
};

for (const [name, model] of Object.entries(models)) {
  test(`${name}`, async () => {
    const answer = await generateText({ model, prompt, maxRetries: 0 });
    assert.ok(answer.text);
    assert.equal(answer.finishReason, "stop");
    assert.ok(answer.usage.outputTokens > 0);
  });

  test(`${name} streamed`, async () => {
    const streamed = streamText({ model, prompt, maxRetries: 0 });
    const pieces = await collect(streamed.textStream);
    assert.equal(pieces.join(""), (await generateText({ model, prompt, maxRetries: 0 })).text);
    assert.ok((await streamed.usage).outputTokens > 0);
  });

  test(`${name} with tools`, async () => {
    const answer = await generateText({ model, prompt, tools, maxRetries: 0 });
    assert.equal(answer.toolCalls[0].toolName, "weather");
    assert.deepEqual(Object.keys(answer.toolCalls[0].input), ["city"]);
  });
}

test("embeddings", async () => {
  const { embeddings } = await embedMany({ model: openai.embedding("text-embedding-3-small"), values: ["a river", "a weir"] });
  assert.equal(embeddings.length, 2);
});

test("errors", async () => {
  const failing = (model) => generateText({ model: openai.chat(model), prompt, maxRetries: 0 });
  for (const status of [400, 404, 429, 500])
    await assert.rejects(failing(`mock:status=${status}`), (e) => APICallError.isInstance(e) && e.statusCode === status);
  const stranger = createOpenAI({ baseURL: `${url}/v1`, apiKey: "wrong" });
  await assert.rejects(generateText({ model: stranger.chat("gpt-4o"), prompt, maxRetries: 0 }), (e) => APICallError.isInstance(e) && e.statusCode === 401);
});

test("cut streams raise", async () => {
  const failures = [];
  const { stream, fullStream } = streamText({ model: openai.chat("mock:cut=event:4,ending=fin"), prompt, maxRetries: 0, onError: ({ error }) => failures.push(error) });
  await collect(stream ?? fullStream).catch((error) => failures.push(error));
  assert.ok(failures.length > 0);
});

test("leaving a stream cancels it", async () => {
  const controller = new AbortController();
  const { textStream } = streamText({ model: openai.chat("mock:stall_after=3,stall=20000"), prompt, maxRetries: 0, abortSignal: controller.signal,
    headers: { "x-request-id": "left" } });
  for await (const _ of textStream) break;
  controller.abort();
  assert.equal((await logged((line) => line.request_id === "left")).status, 499);
});
