// The SDKs for Node of OpenAI and Anthropic, and the Vercel AI SDK, which checks every event, at pools of the dialects that are not their own.
import assert from "node:assert/strict";
import { test } from "node:test";

import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import Anthropic from "@anthropic-ai/sdk";
import { generateText, jsonSchema, streamText, tool } from "ai";
import OpenAI from "openai";

import { collect, key, url, weather } from "./weir.mjs";

const models = { chat: "gpt-4o-chat", responses: "gpt-4o-responses", messages: "claude-sonnet-4-5", gemini: "gemini-2.5-flash" };
const ask = [{ role: "user", content: "Say something about rivers." }];
const names = ["weather", "tides"];
const said = [{ city: "Zürich" }, { city: "Zürich" }];
const scripts = { words: "think=on,words=20,cached=2", tools: "think=on,calls=2", cut: "words=40,cut=event:9" };
const does = (script) => ({ headers: { "x-mock": script } });

const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 });
const anthropic = new Anthropic({ baseURL: url, apiKey: key, maxRetries: 0 });

for (const pool of ["responses", "messages", "gemini"]) {
  const stream = (script, more = {}) =>
    openai.chat.completions
      .stream({ model: models[pool], messages: ask, stream_options: { include_usage: true }, ...more }, does(script))
      .finalChatCompletion();

  test(`OpenAI chat at ${pool}`, async () => {
    const answer = await stream(scripts.words);
    assert.ok(answer.choices[0].message.content);
    assert.equal(answer.choices[0].finish_reason, "stop");
    assert.equal(answer.usage.prompt_tokens_details.cached_tokens, 2);
    const tools = names.map((name) => ({ type: "function", function: { name, parameters: weather } }));
    const { message } = (await stream(scripts.tools, { tools })).choices[0];
    assert.deepEqual(message.tool_calls.map((call) => JSON.parse(call.function.arguments)), said);
    await assert.rejects(stream(scripts.cut));
  });
}

for (const pool of ["chat", "messages", "gemini"]) {
  const stream = (script, more = {}) =>
    openai.responses.stream({ model: models[pool], input: ask, reasoning: { summary: "auto" }, ...more }, does(script)).finalResponse();

  test(`OpenAI responses at ${pool}`, async () => {
    const answer = await stream(scripts.words);
    assert.ok(answer.output_text);
    assert.deepEqual(answer.output.filter((item) => item.type !== "reasoning" || item.summary.length > 0).map((item) => item.type), ["reasoning", "message"]);
    assert.equal(answer.usage.input_tokens_details.cached_tokens, 2);
    const tools = names.map((name) => ({ type: "function", name, parameters: weather, strict: false }));
    const { output } = await stream(scripts.tools, { tools });
    assert.deepEqual(output.filter((item) => item.type === "function_call").map((item) => JSON.parse(item.arguments)), said);
    await assert.rejects(stream(scripts.cut));
  });
}

for (const pool of ["chat", "responses", "gemini"]) {
  const stream = (script, more = {}) =>
    anthropic.messages
      .stream({ model: models[pool], max_tokens: 2000, messages: ask, thinking: { type: "enabled", budget_tokens: 1024 }, ...more }, does(script))
      .finalMessage();

  test(`Anthropic messages at ${pool}`, async () => {
    const answer = await stream(scripts.words);
    assert.deepEqual(answer.content.map((block) => block.type).filter((type) => type !== "redacted_thinking"), ["thinking", "text"]);
    assert.equal(answer.stop_reason, "end_turn");
    assert.equal(answer.usage.cache_read_input_tokens, 2);
    const { content } = await stream(scripts.tools, { tools: names.map((name) => ({ name, input_schema: weather })) });
    assert.deepEqual(content.filter((block) => block.type === "tool_use").map((block) => block.input), said);
    await assert.rejects(stream(scripts.cut));
  });
}

const vercel = {
  chat: createOpenAI({ baseURL: `${url}/v1`, apiKey: key }).chat,
  "OpenAI-compatible chat": createOpenAICompatible({ name: "weir", baseURL: `${url}/v1`, apiKey: key, includeUsage: true }),
  responses: createOpenAI({ baseURL: `${url}/v1`, apiKey: key }).responses,
  messages: createAnthropic({ baseURL: `${url}/v1`, apiKey: key }),
};
const tools = Object.fromEntries(names.map((name) => [name, tool({ description: name, inputSchema: jsonSchema(weather) })]));

for (const [name, make] of Object.entries(vercel)) {
  for (const pool of Object.keys(models).filter((each) => !name.endsWith(each))) {
    const settings = (script) => ({ model: make(models[pool]), messages: ask, maxOutputTokens: 2000, maxRetries: 0, ...does(script) });
    // What goes wrong in a stream is told to onError, or thrown.
    const stream = async (script, more = {}) => {
      const failed = [];
      const answer = streamText({ ...settings(script), ...more, onError: ({ error }) => failed.push(error) });
      const text = (await collect(answer.textStream)).join("");
      if (failed.length > 0) throw failed[0];
      return { text, finish: await answer.finishReason, calls: (await answer.toolCalls).map((call) => call.input) };
    };

    test(`AI SDK ${name} at ${pool}`, async () => {
      const whole = await generateText(settings(scripts.words));
      assert.equal(whole.finishReason, "stop");
      const { text, finish } = await stream(scripts.words);
      assert.deepEqual([text, finish], [whole.text, "stop"]);
      assert.deepEqual((await stream(scripts.tools, { tools })).calls, said);
      await assert.rejects(stream(scripts.cut));
    });
  }
}
