"""The provider's books against weir's ledger: WEIR_BOOKS_SECONDS (else WEIR_SOAK_SECONDS, else 30) of reloads that change every section of the conf, upgrades,
a shared store, clients that leave at any moment, providers that fail, and budgets that run out. What differs is an estimate and says so, or it is a defect."""
import bisect
import json
import os
import random
import socket
import sqlite3
import struct
import threading
import time
import unittest
from collections import Counter, defaultdict

from books_provider import INPUT, LONGEST, OUTPUT, Call, Provider, priced
from support import Reader, Store, Weir, at_rest, connect, figures, has_ended, main, metric, wait_until

SECONDS = float(os.environ.get("WEIR_BOOKS_SECONDS") or os.environ.get("WEIR_SOAK_SECONDS") or "30")
CLIENTS = 8
WINDOW = 10  # seconds, of the small budgets
SMALL = {f"small-{n}": [1_000_000 + 500_000 * n, 1_300_000 + 400_000 * n] for n in range(4)}  # nano-USD; reloads change from one to the other
RICH = 50_000_000_000
PATHS = {"chat": ("/v1/chat/completions", "gpt-4o"), "messages": ("/v1/messages", "claude-3-5-haiku-latest"), "responses": ("/v1/responses", "gpt-4o"), "embeddings": ("/v1/embeddings", "text-embedding-3-small")}


class Books(unittest.TestCase):
    def sections(self, n):
        """The n-th conf, by section. From each to the next every section changes."""
        a, b = (each.url for each in self.providers)
        odd, what = n % 2, n % 5
        ups = [f'{{name: a, url: "{a}/v1", weight: {1 + 2 * odd}}}', f'{{name: b, url: "{b}/v1"}}'] + [f'{{name: c, url: "{b.replace("127.0.0.1", "localhost")}/v1"}}'] * (what == 2)
        kind = ["balance: least_outstanding, timeouts: {first_byte: 3s}", "hedge: {after: 120ms, budget: 50%}", "on_disconnect: drain, drain: {tokens: 20, time: 1s}",
                "hold_tokens: 4, heartbeat: 100ms, timeouts: {first_byte: 250ms, first_token: 250ms}", "collect: on, heartbeat: 150ms"][what]
        common = f"retry: {{attempts: 3, backoff: 10ms, budget: 100%}}, ejection: {{consecutive_failures: 50, base: 200ms, max: 300ms}}, {kind}, upstreams: [{', '.join(ups)}]"
        small = [f"{{name: {name}, secret: sk-{name}, budgets: [{{usd: {amounts[odd] / 1e9:.9f}, every: {WINDOW}s}}]}}" for name, amounts in SMALL.items()]
        return {"listeners": '[{address: "127.0.0.1:0"}' + ', {address: "unix:{folder}/second.sock"}' * odd + "]",
                "admin": f'{{address: "127.0.0.1:0", token: token-number-{n}}}',
                "workers": str(2 + odd),  # waits for the next upgrade
                "limits": f"{{request_body: {8 + odd}MiB, keepalive_timeout: {20 + odd}s, drain_timeout: 30s}}",
                "cors": f'{{origins: ["https://app-{n}.example"]}}',
                "pools": f"{{main: {{{common}}}, claude: {{dialect: anthropic, {common}}}, spare: {{upstreams: [{{name: spare, url: \"{b}/v1\"}}]}}}}",
                "routes": '[{models: ["gpt-4o"], pool: main' + ["", ", rename: {gpt-4o: gpt-4o-2024-11-20}", ", fallback: [{pool: spare}]"][n % 3] +
                          '}, {models: ["claude-*"], pool: claude}, {models: ["text-embedding-*"], pool: main}]',
                "keys": f"[{{name: rich, secret: sk-rich, budgets: [{{usd: {RICH // 10**9}, every: 30d}}]}}, {{name: minute, secret: sk-minute, tokens_per_minute: {20000 + odd}}}, " +
                        ", ".join(small) + ", {name: visitor, secret: sk-visitor, endpoints: [chat]}" * odd + "]",
                "prices": f"prices-{odd}.yaml", "models": f"{{show_prices: {'on' if odd else 'off'}}}",
                "state": f'{{ledger: ledger.db, shared: "unix://{self.store.path}", keep: {30 + odd}d}}',
                "log": f"{{access: access.log, sample: {100 - 50 * odd}%}}", "metrics": f"{{otel_names: {'on' if odd else 'off'}}}",
                "tracing": f'{{otlp: "{a}", sample: {1 + 50 * odd}%}}', "watch": "on" if odd else "off"}

    @staticmethod
    def prices(n):
        used = "".join(f'  "{name}": {{input: {INPUT / 1000}, output: {OUTPUT / 1000}}}\n' for name in ("gpt-4o*", "claude-*", "text-embedding-*"))
        return f"models:\n{used}  never-asked-for: {{input: {n + 1}, output: 3}}\n"

    def conf(self, n):
        return "".join(f"{key}: {value}\n" for key, value in self.sections(n).items())

    def setUp(self):
        self.books = defaultdict(list)
        self.providers = [Provider(name, self.books) for name in ("a", "b")]
        self.store = Store()
        self.addCleanup(self.store.stop)
        self.weir = Weir(self.conf(0), files={f"prices-{n}.yaml": self.prices(n) for n in range(2)})
        self.over, self.lock, self.number, self.seen, self.turn, self.old = threading.Event(), threading.Lock(), 0, {}, 0, []

    # ---- clients

    def text(self, what, key, request_id, stream, how, limit):
        path, model = PATHS[what]
        small = key in SMALL
        words = " ".join(["the"] * random.choice((20, 60) if small else (20, 60, 200, 1200)))
        body = {"model": model, **({"input": words} if what in ("responses", "embeddings") else {"messages": [{"role": "user", "content": words}]})}
        if what != "embeddings":
            body |= {"stream": stream, **({{"responses": "max_output_tokens"}.get(what, "max_tokens"): limit} if limit else {})}
        body |= {"metadata": {"user_id": json.dumps(how)}} if what == "messages" else {"user": json.dumps(how)}
        text = json.dumps(body)
        return f"POST {path} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer sk-{key}\r\nx-request-id: {request_id}\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode()

    def one(self, sock, reader, request_id, key):
        """How it ended for the client: whole, left, refused by weir, error, cut."""
        what, stream = random.choice(("chat", "chat", "messages", "responses", "embeddings")), random.random() < 0.7
        leaves = random.choice(("head", "token", "middle")) if random.random() < 0.25 else ""
        how = {"words": random.randrange(1, 30), "head": 0, "token": 0, "gap": 0.0005}
        if random.random() < 0.15 or leaves == "head":
            how["head"] = random.choice((0.05, 0.15, 0.4))
        if random.random() < 0.1 or leaves == "token":
            how["token"] = random.choice((0.1, 0.35))
        if leaves == "middle":
            how |= {"words": random.randrange(10, LONGEST), "gap": 0.004}
        limit = None if random.random() < 0.3 else how["words"]  # without one a budget may run out in the middle
        sock.sendall(self.text(what, key, request_id, stream, how, limit))
        if leaves == "middle":
            enough = random.randrange(2, how["words"])
            sock.settimeout(1)  # it may have been refused, or end before
            try:
                while reader.left.count(b"data:") < enough and reader.more():
                    pass
            except TimeoutError:
                pass
        elif leaves:
            time.sleep(random.random() * (how["head"] + how["token"]))
        if leaves:
            if random.random() < 0.5:  # a reset
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return "left"
        got = reader.answer()
        if got.status in (401, 429) and b"provider_said_no" not in got.body and "x-weir-attempts" not in got.fields:
            return "refused"
        if got.status != 200 or got.end != "whole":
            return "error" if got.status >= 400 and got.end == "whole" else "cut"
        if stream and what != "embeddings":
            return "whole" if any(each in got.body for each in (b"data: [DONE]", b"event: message_stop", b"event: response.completed")) else "cut"
        return "whole" if "error" not in json.loads(got.body) else "cut"

    def connect(self):
        second = os.path.join(self.weir.folder, "second.sock")
        if random.random() < 0.3 and os.path.exists(second):
            sock = socket.socket(socket.AF_UNIX)
            sock.settimeout(20)
            try:
                sock.connect(second)
                return sock
            except OSError:
                pass  # it went away this moment
        return connect(self.weir.url, 20)

    def client(self):
        sock, keys = None, ["rich"] * 8 + list(SMALL) * 2 + ["minute"] * 2 + ["visitor", "nobody"]
        while not self.over.is_set():
            with self.lock:
                self.number += 1
                request_id = f"books-{self.number}"
            key = random.choice(keys)
            try:
                if sock is None:
                    sock = self.connect()
                    reader = Reader(sock)
                outcome = self.one(sock, reader, request_id, key)
            except OSError as e:
                outcome = "late" if isinstance(e, TimeoutError) else "cut"
            self.seen[request_id] = (outcome, key)
            if sock and (outcome in ("left", "cut", "late") or random.random() < 0.05):
                sock.close()
                sock = None
            time.sleep(random.expovariate(1 / 0.02))
        if sock:
            sock.close()

    # ---- operators

    def reload(self):
        before, after = self.sections(self.turn), self.sections(self.turn + 1)
        self.assertEqual([key for key in after if before[key] == after[key]], [], "a section that does not change")
        self.turn += 1
        self.weir.write(f"prices-{self.turn % 2}.yaml", self.prices(self.turn))
        known = self.loaded()
        self.weir.write("weir.yaml", self.conf(self.turn))
        self.weir.signal(1)
        wait_until(lambda: self.loaded() != known, 30, 0.1)
        self.assertEqual(metric(self.weir.metrics(), "weir_conf_last_reload_successful"), 1, self.weir.err()[-3000:])

    def loaded(self):
        return [line.split('hash="')[1].split('"')[0] for line in self.weir.metrics().splitlines() if line.startswith("weir_conf_info{")]

    def ended(self, pid):
        return self.weir.process.poll() is not None if pid == self.weir.process.pid else has_ended(pid)

    def agree_about_the_rich(self):
        with sqlite3.connect(os.path.join(self.weir.folder, "ledger.db")) as db:
            spent = db.execute("select sum(cost_nanousd) from requests where key = 'rich'").fetchone()[0]
        return abs(metric(self.weir.metrics(), "weir_budget_remaining_usd", 'key="rich"') - (RICH - spent) / 1e9) < 1e-8

    def test_the_ledger_and_the_books_agree(self):
        threads = [threading.Thread(target=self.client) for _ in range(CLIENTS)]
        for each in threads:
            each.start()
        end, step = time.monotonic() + SECONDS, 0
        while time.monotonic() < end:
            time.sleep(0.8)
            step += 1
            self.reload()
            if step % 6 == 3:
                began = time.time()
                self.old.append((began, self.weir.upgrade(60)))
        self.over.set()
        for each in threads:
            each.join(60)
            self.assertFalse(each.is_alive())
        at_rest(self.weir, 30)
        for _, pid in self.old:
            wait_until(lambda: self.ended(pid), 40, 0.1)
        # Nothing is counted twice, nor left out, by whoever took over from whom: weir, its store and its ledger agree about what is left of a budget.
        wait_until(self.agree_about_the_rich, 30, 0.5)
        self.weir.signal(15)
        wait_until(lambda: self.ended(self.weir.pid), 30, 0.1)
        wait_until(lambda: not any(each.upstream.open for each in self.providers), 10)
        self.assertNotIn("reload failed", self.weir.err())
        self.assertEqual([(each.nameless, each.unasked) for each in self.providers], [(0, 0)] * 2)
        self.account()
        self.weir.stop()

    # ---- the books

    def account(self):
        with sqlite3.connect(os.path.join(self.weir.folder, "ledger.db")) as db:
            db.row_factory = sqlite3.Row
            table = db.execute("select *, input_tokens + cached_input_tokens + cache_write_tokens as prompt, output_tokens + reasoning_tokens as output from requests").fetchall()
            hours = dict(db.execute("select key, sum(cost_nanousd) from key_hours group by key"))
        discarded, given_up = Counter(), set()
        with open(os.path.join(self.weir.folder, "access.log")) as f:
            for entry in map(json.loads, f):
                discarded[entry["request_id"]] += round(float(entry.get("discarded_cost_usd", 0)) * 1e9)
                if any("hedge" in each or each.get("reason", "").startswith("timeout") for each in entry["attempts"]):
                    given_up.add(entry["request_id"])
        rows, spent = {each["request_id"]: each for each in table}, Counter()
        self.assertEqual(len(rows), len(table), "a request is in the ledger twice")
        for each in table:
            spent[each["key"]] += each["cost_nanousd"]
        self.assertEqual(+Counter(hours), +spent, "the ledger's own sums")
        wrong, why, estimates, books = [], Counter(), defaultdict(list), Counter()
        for request_id in {*rows, *self.books, *self.seen}:
            outcome, key = self.seen.get(request_id, ("unknown", ""))
            row, calls = rows.get(request_id), self.books.get(request_id, [])
            said = self.judge(outcome, key, row, calls, discarded[request_id], request_id in given_up)
            why[said] += 1
            if said.startswith("!"):
                wrong.append((said, request_id, outcome, row and {name: row[name] for name in row.keys() if row[name]}, discarded[request_id],
                              [{name: getattr(each, name) for name in Call.__slots__} for each in calls]))
            elif row and row["estimated"]:
                abandoned = outcome in ("left", "cut") and len(calls) == 1 and calls[0].streams and calls[0].output
                for name in ("all", "abandoned") if abandoned else ("all",):
                    estimates[name].append(row["cost_nanousd"])
                    books[name] += sum(each.cost() for each in calls if each.billed)
        ratios = {name: sum(each) / max(books[name], 1) for name, each in estimates.items()}
        outcomes = Counter(outcome for outcome, _ in self.seen.values())
        figures("books" if SECONDS < 300 else "long books",
                f"{SECONDS:.0f} s, {len(self.seen)} requests ({', '.join(f'{n} {name}' for name, n in outcomes.most_common())}), {self.turn} reloads, {len(self.old)} upgrades, "
                f"{len(wrong)} unexplained differences: " + "; ".join(f"{name.strip('!')}: {n}" for name, n in why.most_common()) + ". " +
                ", ".join(f"{len(each)} estimates ({name}) are together {ratios[name]:.2f} of the books" for name, each in estimates.items()) + f". {self.overspent(table, discarded)}")
        self.assertEqual(outcomes.keys() - {"whole", "left", "refused", "error", "cut"}, set())
        self.assertEqual(wrong[:5], [], f"{len(wrong)} differences: {Counter(each[0] for each in wrong)}")
        for name, ratio in ratios.items():
            if len(estimates[name]) >= 50:
                self.assertTrue(0.5 < ratio < 2, (name, ratio))

    @staticmethod
    def judge(outcome, key, row, calls, discarded, given_up):
        """Why what the ledger and the books have of a request is as it should be; with ! in front, what is not. `given_up`: weir ended an attempt itself."""
        billed = [each for each in calls if each.billed]
        reports = [(each.prompt, each.output) for each in billed if each.reported]
        if outcome == "unknown":
            return "!nobody asked"
        if outcome == "refused":
            return "!refused, and sent or charged" if row or calls else "refused, not sent, free"
        if row is None:
            return "!not in the ledger" if calls or outcome == "whole" else "not admitted"
        tokens, cost = (row["prompt"], row["output"]), row["cost_nanousd"]
        if row["key"] != key:
            return "!another key's"
        # All that was used may be what was given up; then its tokens are those of the row.
        if cost != priced(*tokens) + discarded and not (row["estimated"] and cost == priced(*tokens) == discarded):
            return "!not what its tokens cost"
        if not row["estimated"]:
            if not billed:
                return "!charged for nothing" if cost else "free at the provider, and here"
            if len(billed) > 1 or cost == 0:
                return "!an attempt was free"
            return "as reported" if reports == [tokens] else "!another report"
        if cost == 0 or not calls:
            return "!charged for nothing" if cost else "!estimated as nothing"
        if outcome == "left":
            return "estimated: the client left"
        if row["code"] in ("budget_exceeded", "upstream_timeout"):
            return f"estimated: {row['code']}"
        # Whom weir gave up may have answered in this moment with an error, which costs nothing, and which nobody read.
        if not given_up:
            if not billed:
                return "!charged for an error"
            if len(billed) == 1 and reports:
                return "!estimated and reported"
        if len(billed) == 1 and not reports:
            return "estimated: never reported"
        if outcome == "whole" and tokens not in reports and len(reports) == len(billed):
            return "!none of the reports"
        return "!an attempt was free" if discarded < (len(billed) - 1) * priced(billed[0].prompt, 0) / 2 else "estimated: another attempt"

    def overspent(self, table, discarded):
        """No window of a small budget costs more than the budget, what attempts nobody saw cost, and one request for each process that served in it."""
        windows, most, worst = defaultdict(list), Counter(), 0.0
        for row in table:
            if row["key"] in SMALL:
                window = row["time"] // 1000 // WINDOW
                # What runs over the end of its window is counted in both.
                if (row["time"] + row["duration_ms"]) // 1000 // WINDOW == window:
                    windows[row["key"], window].append(row)
        began, used_up = [each for each, _ in self.old], 0
        for (key, window), rows in windows.items():
            cost, unseen = sum(each["cost_nanousd"] for each in rows), sum(discarded[each["request_id"]] for each in rows)
            processes = 1 + bisect.bisect(began, (window + 1) * WINDOW) - bisect.bisect(began, window * WINDOW - 2)
            bound = max(SMALL[key]) + unseen + processes * priced(67, LONGEST)
            used_up += cost > 0.9 * min(SMALL[key])
            worst = max(worst, (cost - unseen) / max(SMALL[key]))
            self.assertLessEqual(cost, bound, (key, window, processes, unseen, len(rows)))
        return f"{used_up} of {len(windows)} windows of small budgets were used up, the fullest to {100 * worst:.0f}%."


if __name__ == "__main__":
    main()
