// What the test files share: where weir is, who asks, and what its log says. node_test.py starts weir and sets these.
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

export const url = process.env.WEIR_URL;
export const tlsUrl = process.env.WEIR_TLS_URL; // its certificate is in NODE_EXTRA_CA_CERTS
export const key = process.env.WEIR_KEY;
export const narrowKey = process.env.WEIR_NARROW_KEY; // may call gpt-4o, claude-sonnet-4-6 and gemini-2.5-flash
export const slowKey = process.env.WEIR_SLOW_KEY; // may ask once a minute

export const ask = [{ role: "user", content: "Say something about rivers." }];
export const weather = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };

export async function collect(stream) {
  const all = [];
  for await (const each of stream) all.push(each);
  return all;
}

/** Waits for a line of the access log of which `fits` is true; lines are whole JSON objects. */
export async function logged(fits, limit = 10_000) {
  for (const until = Date.now() + limit; Date.now() < until; await pause(20)) {
    const lines = readFileSync(process.env.WEIR_LOG, "utf8").split("\n").slice(0, -1).map((line) => JSON.parse(line));
    const found = lines.find(fits);
    if (found) return found;
  }
  throw new Error(`no such line in the access log within ${limit} ms: ${fits}`);
}
