// Google's Gen AI SDK for Node, unchanged, against the real binary in front of a mock provider.
import assert from "node:assert/strict";
import { test } from "node:test";

import { ApiError, GoogleGenAI } from "@google/genai";

import { collect, key, narrowKey, url } from "./weir.mjs";

const model = "gemini-2.5-flash";
const contents = "Say something about rivers.";
// `does` is a script for the mock provider.
const clientWith = (apiKey = key, does = undefined) =>
  new GoogleGenAI({ apiKey, httpOptions: { baseUrl: url, headers: does ? { "x-mock": does } : {} } });
const client = clientWith();

test("generate", async () => {
  const answer = await client.models.generateContent({ model, contents });
  assert.ok(answer.text);
  assert.ok(answer.usageMetadata.candidatesTokenCount > 0);
});

test("generate streamed", async () => {
  const chunks = await collect(await client.models.generateContentStream({ model, contents }));
  assert.equal(chunks.map((c) => c.text ?? "").join(""), (await client.models.generateContent({ model, contents })).text);
});

test("count tokens", async () => {
  assert.equal((await client.models.countTokens({ model, contents: "one two three" })).totalTokens, 3);
});

test("embeddings", async () => {
  assert.ok((await client.models.embedContent({ model: "gemini-embedding-001", contents: "a river" })).embeddings[0].values.length > 0);
});

test("models", async () => {
  const all = await collect(await clientWith(narrowKey).models.list());
  assert.ok(all.some((each) => each.name.endsWith(model)));
});

test("errors", async () => {
  const status = (expected, by, more = {}) =>
    assert.rejects(by.models.generateContent({ model, contents, ...more }), (e) => e instanceof ApiError && e.status === expected);
  await status(401, clientWith("wrong"));
  await status(403, clientWith(narrowKey), { model: "gemini-3-pro" });
  for (const expected of [400, 404, 429, 500]) await status(expected, clientWith(key, `status=${expected}`));
});

test("cut streams raise", async () => {
  for (const end of ["reset", "fin"])
    await assert.rejects(async () => collect(await clientWith(key, `cut=event:4,ending=${end}`).models.generateContentStream({ model, contents })));
});
