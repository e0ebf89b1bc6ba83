// The page at /status. Everything it shows comes from /api/events (or /api/status, where the live view is not allowed) and is put in as
// text, never as markup.
// It fetches nothing from elsewhere, so it works without the internet.
#include "admin/status_view.hpp"

namespace weir::admin {
namespace {

constexpr std::string_view page = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>weir status</title>
<link rel="icon" href="data:,">
<style>
:root {
  --paper: #f6f7f9; --card: #ffffff; --ink: #1b2330; --soft: #5a6575; --line: #d9dee6;
  --good: #17743a; --wait: #8a5a00; --bad: #b3261e; --bar: #2f6fb2;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #12161c; --card: #1b2129; --ink: #e4e8ee; --soft: #9aa6b5; --line: #2f3844;
    --good: #5fce8a; --wait: #e5b04c; --bad: #ff8b80; --bar: #6aa9e9;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.45 system-ui, sans-serif; }
header, main, footer { max-width: 72rem; margin: 0 auto; padding: 0 1rem; }
header { padding-top: 1.25rem; }
h1 { font-size: 1.5rem; margin: 0; }
h2 { font-size: 1.1rem; margin: 1.75rem 0 .6rem; }
h2 small, .soft { color: var(--soft); font-weight: 400; font-size: .875rem; }
p { margin: .2rem 0; overflow-wrap: anywhere; }
#alarm { margin: .75rem 0 0; padding: .5rem .75rem; border: 1px solid var(--bad); border-radius: .4rem; color: var(--bad); }
#alarm:empty { display: none; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 19rem), 1fr)); gap: .75rem; }
.card { background: var(--card); border: 1px solid var(--line); border-left: .3rem solid var(--line); border-radius: .4rem; padding: .7rem .9rem; }
.card h3 { margin: 0; font-size: 1rem; overflow-wrap: anywhere; }
.card.good { border-left-color: var(--good); } .good .state { color: var(--good); }
.card.wait { border-left-color: var(--wait); } .wait .state { color: var(--wait); }
.card.bad { border-left-color: var(--bad); } .bad .state { color: var(--bad); }
.state { font-weight: 600; }
dl { display: flex; flex-wrap: wrap; gap: .3rem 1.4rem; margin: .5rem 0 0; }
dl div { min-width: 4.2rem; }
dt { color: var(--soft); font-size: .8rem; }
dd { margin: 0; font-variant-numeric: tabular-nums; }
.track { height: .45rem; margin: .15rem 0 .5rem; border-radius: .25rem; background: var(--line); overflow: hidden; }
.fill { height: 100%; background: var(--bar); }
.fill.low { background: var(--bad); }
ol { margin: 0; padding-left: 1.4rem; } li { overflow-wrap: anywhere; }
.numbers { display: flex; flex-wrap: wrap; gap: .5rem 2rem; margin: .75rem 0 0; padding: 0; }
.numbers div { min-width: 6rem; } .numbers dd { font-size: 1.35rem; font-weight: 600; }
.wide { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: .4rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; padding: .35rem .7rem; border-top: 1px solid var(--line); white-space: nowrap; font-variant-numeric: tabular-nums; }
th { color: var(--soft); font-weight: 400; border-top: 0; } .right { text-align: right; }
button { font: inherit; font-size: .85rem; color: var(--bad); background: none; border: 1px solid var(--line); border-radius: .3rem; padding: .05rem .6rem; cursor: pointer; }
button:hover, button:focus-visible { border-color: var(--bad); }
code { font-size: .85rem; }
footer { padding-top: 1.5rem; padding-bottom: 2rem; }
a { color: inherit; }
</style>
</head>
<body>
<header>
  <h1>weir <span id="version" class="soft"></span></h1>
  <p id="conf" class="soft">reading…</p>
  <p id="listeners" class="soft"></p>
  <p id="alarm" role="alert"></p>
  <dl id="numbers" class="numbers"></dl>
</header>
<main>
  <noscript><p>This page needs JavaScript; the same data is at <a href="/api/status">/api/status</a>.</p></noscript>
  <div id="pools"></div>
  <div id="open"></div>
  <div id="spend"></div>
  <div id="errors"></div>
  <div id="keys"></div>
  <div id="meter"></div>
  <div id="routes"></div>
</main>
<footer class="soft"><p><span id="as-of"></span> · <a href="/api/status">JSON</a> · <a href="/metrics">metrics</a> · <a href="/readyz">ready?</a></p></footer>
<script>
"use strict";
const again = 2000;
const at = id => document.getElementById(id);

// Text only: whatever a name holds, it cannot become markup.
function element(tag, kind, ...inside) {
  const e = document.createElement(tag);
  if (kind) e.className = kind;
  for (const one of inside.flat()) if (one !== null && one !== undefined) e.append(one instanceof Node ? one : String(one));
  return e;
}
const facts = pairs => element("dl", "", pairs.filter(p => p).map(([name, value]) => element("div", "", element("dt", "", name), element("dd", "", value))));
const when = text => text ? new Date(text).toLocaleString() : "";
const plural = (n, what) => n + " " + what + (n === 1 ? "" : "s");

// A section is drawn again only when its data changed, so that a selection in it stays.
const drawn = {};
function draw(id, data, nodes) {
  const now = JSON.stringify(data);
  if (drawn[id] === now) return;
  drawn[id] = now;
  at(id).replaceChildren(...nodes());
}

function tone(state) {
  if (state === "open") return "good";
  return state === "down" || state === "refused" || state === "ejected" ? "bad" : "wait";
}

function upstream(u) {
  return element("div", "card " + tone(u.state),
    element("h3", "", u.name),
    element("p", "state", u.standing),
    element("p", "soft", u.last_failure ? "last failure " + u.last_failure.time.slice(0, 19).replace("T", " ") + ": " + u.last_failure.reason : ""),
    element("p", "soft", u.url),
    facts([
      ["in flight", u.max_requests === null ? u.in_flight : u.in_flight + " of " + u.max_requests],
      ["latency", u.latency_ms === null ? "not known yet" : u.latency_ms + " ms"],
      ["weight", u.weight],
    ]));
}

function pool(p) {
  const usable = p.upstreams.filter(u => tone(u.state) === "good").length;
  const about = [" " + p.dialect, p.balance.replaceAll("_", " "), usable + " of " + plural(p.upstreams.length, "upstream") + " up"];
  if (!p.checked) about.push("no health check");
  if (p.queue.waiting) about.push(plural(p.queue.waiting, "request") + " waiting for a slot");
  return element("section", "",
    element("h2", "", p.name, element("small", "", about.join(" · "))),
    element("div", "cards", p.upstreams.map(upstream)));
}

function budget(b) {
  const fill = element("div", b.remaining_percent < 10 ? "fill low" : "fill");
  fill.style.width = Math.max(0, Math.min(100, b.remaining_percent)) + "%";
  return element("div", "",
    element("p", "", b.remaining_usd + " USD left of " + b.usd, element("span", "soft", (b.window ? " per " + b.window : "") + (b.resets_at ? ", anew " + when(b.resets_at) : ""))),
    element("div", "track", fill));
}

function key(k) {
  const spent = k.budgets.some(b => b.remaining_usd === "0" || b.remaining_usd.startsWith("-"));
  const labels = Object.entries(k.labels).map(([name, value]) => name + "=" + value).join(" ");
  return element("div", "card " + (k.expired || spent ? "bad" : "good"),
    element("h3", "", k.name),
    element("p", "state", k.expired ? "expired" : spent ? "budget spent" : "usable"),
    element("p", "soft", k.models.length ? k.models.join(", ") : "every model"),
    labels ? element("p", "soft", labels) : null,
    facts([
      ["in flight", k.concurrent === null ? k.in_flight : k.in_flight + " of " + k.concurrent],
      k.requests_per_minute === null ? null : ["requests / min", "at most " + k.requests_per_minute],
      k.tokens_per_minute === null ? null : ["tokens / min", "at most " + k.tokens_per_minute],
      k.expires === null ? null : ["expires", when(k.expires)],
    ]),
    k.budgets.map(budget));
}

function route(r) {
  const further = r.fallback.map(f => " → " + f.pool + (f.model ? " as " + f.model : "") + (f.larger_context ? " (also prompts that are too long before)" : ""));
  const renamed = Object.entries(r.rename).map(([from, to]) => from + " is sent as " + to).join(", ");
  return element("li", "", r.models.join(", ") + " → " + r.pool + further.join(""), renamed ? element("span", "soft", " (" + renamed + ")") : null);
}

function audited(a) {
  return element("div", "card " + (a.off ? "bad" : "good"),
    element("h3", "", a.upstream + ", " + a.model),
    element("p", "state", a.off ? "reports other tokens than it sends" : "reports what it sends"),
    facts([["reported ÷ counted", a.median_ratio], ["answers", a.answers], ["pool", a.pool]]));
}

function show(s) {
  at("version").textContent = s.version + (s.draining ? " · draining" : "");
  at("conf").textContent = s.conf.file + " · " + s.conf.hash + " · loaded " + when(s.conf.loaded_at);
  at("listeners").textContent = s.listeners.map(l => l.address + (l.tls ? " (TLS)" : "")).join(" · ");
  const alarms = [];
  if (!s.conf.last_reload_ok) alarms.push("The last reload failed: the conf shown here is the one before it.");
  if (s.ledger && !s.ledger.writable) alarms.push("The ledger cannot be written: what is spent now waits in the journals.");
  if (s.ledger && s.ledger.lost_rows > 0) alarms.push(s.ledger.lost_rows + " requests are not in the ledger: the journals had no room.");
  at("alarm").textContent = alarms.join(" ");
  draw("pools", s.pools, () => s.pools.map(pool));
  draw("keys", s.keys, () => s.keys.length
    ? [element("h2", "", "Keys"), element("div", "cards", s.keys.map(key))]
    : [element("h2", "", "Keys"), element("p", "soft", "None: everybody who reaches weir may call.")]);
  draw("meter", s.meter_audit, () => s.meter_audit.some(a => a.off)
    ? [element("h2", "", "Meter audit", element("small", "", " median outside 0.98 to 1.02")), element("div", "cards", s.meter_audit.filter(a => a.off).map(audited))] : []);
  draw("routes", s.routes, () => s.routes.length ? [element("h2", "", "Routes"), element("ol", "", s.routes.map(route))] : []);
  at("as-of").textContent = "as of " + when(s.time);
}

// --- the live part ---
const usd = text => { const n = Number(text); return n === 0 ? "0" : n < 0.01 ? n.toFixed(6) : n.toFixed(2); };
const age = ms => ms < 1000 ? ms + " ms" : ms < 120000 ? (ms / 1000).toFixed(1) + " s" : Math.round(ms / 60000) + " min";
const number = n => n === null ? "–" : n.toLocaleString();

function table(heads, rows) {
  const cell = (tag, [text, kind]) => element(tag, kind || "", text);
  return element("div", "wide", element("table", "",
    element("thead", "", element("tr", "", heads.map(h => cell("th", h)))),
    element("tbody", "", rows.map(r => element("tr", "", r.map(c => cell("td", c)))))));
}

function end_button(id) {
  const b = element("button", "", "end");
  b.type = "button";
  b.title = "End request " + id;
  b.onclick = async () => {
    b.disabled = true;
    const answer = await ask("/api/requests/" + encodeURIComponent(id), {method: "DELETE"});
    if (!answer.ok && answer.status !== 404) at("alarm").textContent = (await answer.json()).error.message;
  };
  return b;
}

function show_live(v) {
  show(v.status);
  const t = v.first_token_ms;
  at("numbers").replaceChildren(...[
    ["requests / s", number(v.requests_per_second)], ["open", v.open.length],
    ["first token, 50 %", t.p50 === null ? "–" : age(t.p50)], ["95 %", t.p95 === null ? "–" : age(t.p95)], ["99 %", t.p99 === null ? "–" : age(t.p99)],
  ].map(([name, value]) => element("div", "", element("dt", "", name), element("dd", "", value))));
  draw("open", v.open, () => [element("h2", "", "Open requests"), v.open.length
    ? table([["key"], ["model"], ["upstream"], ["age", "right"], ["tokens", "right"], ["USD", "right"], ["client"], ["request"], [""]], v.open.map(r => [
        [r.key || "–"], [r.model || "–"], [r.upstream || "–"], [age(r.age_ms), "right"], [number(r.output_tokens), "right"], [usd(r.cost_usd), "right"], [r.client],
        [element("code", "", r.request_id)], [end_button(r.request_id)]]))
    : element("p", "soft", "None.")]);
  draw("spend", v.spend_today, () => v.spend_today.length ? [element("h2", "", "Today", element("small", "", " since midnight UTC")),
    table([["key"], ["model"], ["requests", "right"], ["tokens", "right"], ["USD", "right"]], v.spend_today.map(r => [
      [r.key || "–"], [r.model || "–"], [number(r.requests), "right"], [number(r.tokens), "right"], [usd(r.cost_usd), "right"]]))] : []);
  draw("errors", v.errors, () => v.errors.length ? [element("h2", "", "Recent errors"),
    table([["when"], ["status"], ["code"], ["key"], ["model"], ["upstream"], ["request"]], v.errors.map(e => [
      [when(e.time)], [e.status], [e.code || "–"], [e.key || "–"], [e.model || "–"], [e.upstream || "–"], [element("code", "", e.request_id)]]))] : []);
}

// The token stays in this tab and goes nowhere but back.
let token = sessionStorage.getItem("weir-token") || "";
async function ask(path, how) {
  const headers = token ? {Authorization: "Bearer " + token} : {};
  const answer = await fetch(path, {cache: "no-store", headers, ...how});
  if (answer.status === 401) {
    const given = prompt("The token of admin.token:");
    if (given) sessionStorage.setItem("weir-token", token = given);
  }
  return answer;
}

async function follow() {
  const answer = await ask("/api/events");
  if (answer.status === 403) {  // live is not for everybody here
    const status = await ask("/api/status");
    if (!status.ok) throw new Error("status " + status.status);
    return show(await status.json());
  }
  if (!answer.ok) throw new Error("status " + answer.status);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let held = "";;) {
    const {done, value} = await reader.read();
    if (done) throw new Error("the connection ended");
    const events = (held + value).split("\n\n");
    held = events.pop();
    if (events.length && !document.hidden) show_live(JSON.parse(events.at(-1).slice(6)));
  }
}

async function read() {
  try {
    await follow();
  } catch (why) {
    at("alarm").textContent = "weir does not answer (" + why.message + "); what is shown here is old.";
  }
  setTimeout(read, again);
}
read();
</script>
</body>
</html>
)html";

}  // namespace

std::string_view status_page() { return page; }

}  // namespace weir::admin
