"""The guide and the README held against the program: confs pass `weir check --strict`, links lead somewhere, commands, options, metrics, codes,
fields and columns exist, and the tables that claim to be whole are. MkDocs builds the guide without a warning.

A ```yaml block is a conf, whole or in part: what it lacks to be one is put beside it. A comment on the line before says otherwise:
<!-- prices --> is a price file, <!-- not weir --> is another program's."""
import glob
import hashlib
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import unittest

import stack
from stack import BUILD, SOURCE, WEIR, Mock, Weir, ask, chat, need, wait_until

unittest.TestCase.longMessage = False  # the pages would be quoted whole
GUIDE = os.path.join(SOURCE, "deploy/guide")
PAGES = sorted(glob.glob(os.path.join(GUIDE, "**/*.md"), recursive=True)) + [os.path.join(SOURCE, "README.md")]
LINKED = PAGES + [os.path.join(SOURCE, name) for name in ("deploy/SECURITY.md", "deploy/CONTRIBUTING.md", "deploy/CHANGELOG.md", "conf/REFERENCE.md")]


def read(path):
    with open(os.path.join(SOURCE, path), encoding="utf-8") as f:
        return f.read()


def shown(path):
    return os.path.relpath(path, SOURCE)


class Block:
    def __init__(self, path, line, language, mark, text):
        self.language, self.mark, self.text = language, mark, text
        self.place = f"{shown(path)}:{line}"


def blocks_of(path):
    """Fenced blocks, each with the comment on the line before it."""
    found, inside, before = [], None, ""
    for number, line in enumerate(read(path).splitlines(), 1):
        if line.startswith("```"):
            if inside is None:
                inside = Block(path, number, line[3:].strip(), before, "")
            else:
                found.append(inside)
                inside = None
            before = ""
        elif inside is not None:
            inside.text += line + "\n"
        else:
            before = line
    return found


def blocks(language):
    return [block for path in PAGES for block in blocks_of(path) if block.language == language]


def prose_of(path):
    """The text without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", read(path), flags=re.M | re.S)


def spans_of(text):
    return re.findall(r"`([^`\n]+)`", text)


def code_of(path):
    """What stands in a page as code: (place, text), of each line of shell and of each span."""
    for block in blocks_of(path):
        if block.language in ("sh", ""):
            for line in block.text.replace("\\\n", " ").splitlines():
                yield block.place, line
    for span in spans_of(prose_of(path)):
        yield shown(path), span


def anchors_of(path):
    """As GitHub and MkDocs make them of headings."""
    names = set()
    for heading in re.findall(r"^#+ (.+)$", prose_of(path), flags=re.M):
        names.add(re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-"))
    return names


def free_ports(count):
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [each.getsockname()[1] for each in held]
    finally:
        for each in held:
            each.close()


def weir(*args, **more):
    return subprocess.run([WEIR, *args], capture_output=True, text=True, timeout=30, **more)


class Confs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="weir-guide-")
        os.chmod(cls.folder, 0o700)
        cls.lay("conf/prices.yaml", read("conf/prices.yaml"))
        cls.lay("prices.yaml", read("conf/prices.yaml"))
        cls.lay("conf.d/keys.yaml", "keys: [{name: of-a-team, secret: sk-weir-0123456789abcdef0123456789abcdef}]\n")
        os.makedirs(os.path.join(cls.folder, "tls"))
        at = lambda name: os.path.join(cls.folder, "tls", name)
        subprocess.run([need("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", at("key.pem"), "-out", at("cert.pem"), "-days", "365",
                        "-subj", "/CN=localhost"], check=True, capture_output=True)
        os.chmod(at("key.pem"), 0o600)
        for name in ("clients.pem", "ca.pem"):
            shutil.copy(at("cert.pem"), at(name))

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    @classmethod
    def lay(cls, name, text):
        path = os.path.join(cls.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, 0o600)
        return path

    def faults_of(self, text):
        """Of a conf or a part of one; variables have values that no guesser has."""
        has = set(re.findall(r"^([a-z_]+):", text, flags=re.M))
        if "listeners" not in has:
            text += 'listeners: [{address: "127.0.0.1:8080"}]\n'
        if "pools" not in has:
            text += 'pools: {openai: {upstreams: [{name: openai, url: "https://api.openai.com/v1", api_key: "${OPENAI_API_KEY}"}]}}\n'
        if "prices" not in has:
            text += "prices: prices.yaml\n"
        if "state" not in has:
            text += "state: {ledger: ledger.db}\n"
        values = {name: "v" + hashlib.sha256(name.encode()).hexdigest()[:40] for name in re.findall(r"\$\{([A-Z0-9_]+)\}", text)}
        got = weir("check", "--strict", "-c", self.lay("weir.yaml", text), env={**os.environ, **values})
        return got.returncode, got.stdout + got.stderr

    def test_every_conf_passes_the_strict_check(self):
        checked = 0
        for block in blocks("yaml"):
            if "not weir" in block.mark:
                continue
            text = block.text
            if "prices" in block.mark:
                self.lay("own-prices.yaml", text)
                text = "prices: own-prices.yaml\npools: {openai: {upstreams: [{name: reseller, url: \"https://reseller.example/v1\", api_key: \"${K}\"}]}}\n"
            with self.subTest(block.place):
                code, said = self.faults_of(text)
                self.assertEqual((code, said), (0, ""), f"{block.place}:\n{said}")
            checked += 1
        self.assertGreater(checked, 30)

    def test_the_check_would_see_a_fault(self):
        self.assertEqual(self.faults_of("routs: []\n")[0], 1)
        self.assertEqual(self.faults_of('listeners: [{address: "0.0.0.0:8080"}]\n')[0], 1)  # a warning: it spends an api_key and has no keys

    def test_dotted_keys_exist(self):
        known = set()

        def walk(node):
            if isinstance(node, dict):
                known.update(node.get("properties", {}))
                for each in node.values():
                    walk(each)
            elif isinstance(node, list):
                for each in node:
                    walk(each)

        walk(json.loads(weir("conf", "schema").stdout))
        sections = known & {"limits", "state", "log", "admin", "cors", "ejection", "queue", "timeouts", "keepalive", "metrics", "tracing", "models", "pools",
                            "listeners", "responses_store", "hedge", "retry", "health_check", "translation", "defaults", "keys"}
        self.assertEqual(len(sections), 21)
        for path in PAGES:
            for span in spans_of(prose_of(path)):
                words = span.split(".")
                if len(words) > 1 and words[0] in sections and all(re.fullmatch(r"[a-z_]+", word) for word in words):
                    if span.endswith((".yaml", ".db", ".md")):
                        continue
                    self.assertIn(words[-1], known, f"{shown(path)}: no conf key {span}")


class Links(unittest.TestCase):
    def test_every_link_leads_somewhere(self):
        seen = 0
        for path in LINKED:
            for target in re.findall(r"\]\(([^)\s]+)\)", prose_of(path)):
                if "://" in target:
                    continue
                seen += 1
                name, _, anchor = target.partition("#")
                there = os.path.normpath(os.path.join(os.path.dirname(path), name)) if name else path
                self.assertTrue(os.path.exists(there), f"{shown(path)}: {target} is not there")
                if anchor:
                    self.assertIn(anchor, anchors_of(there), f"{shown(path)}: {target} has no such heading")
        self.assertGreater(seen, 100)

    def test_every_file_that_is_named_exists(self):
        for path in PAGES:
            for named in re.findall(r"(?<![\w/.:-])(?:\./)?((?:deploy|conf|tests|bench|proxy|third_party)/[\w.*/-]*\w)", read(path)):
                self.assertTrue(glob.glob(os.path.join(SOURCE, named)), f"{shown(path)}: {named} is not there")

    def test_every_page_can_be_reached(self):
        reached, todo = set(), [os.path.join(SOURCE, "README.md")]
        while todo:
            path = todo.pop()
            if path in reached:
                continue
            reached.add(path)
            for target in re.findall(r"\]\(([^)#\s]+\.md)", prose_of(path)):
                there = os.path.normpath(os.path.join(os.path.dirname(path), target))
                if there.startswith(GUIDE):
                    todo.append(there)
        self.assertEqual([shown(path) for path in PAGES if path not in reached], [])

    def mkdocs(self):
        """Its program, installed into the build folder once."""
        venv, wanted = os.path.join(BUILD, "tests/operate/guide_venv"), os.path.join(SOURCE, "tests/operate/guide_requirements.txt")
        done = os.path.join(venv, "installed.txt")
        if not os.path.exists(done) or read(done) != read(wanted):
            shutil.rmtree(venv, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", venv], check=True)
            subprocess.run([os.path.join(venv, "bin/pip"), "install", "--quiet", "--disable-pip-version-check", "-r", wanted], check=True)
            shutil.copy(wanted, done)
        return os.path.join(venv, "bin/mkdocs")

    def test_mkdocs_builds_it_without_a_warning(self):
        out = os.path.join(BUILD, "tests/operate/guide_site")
        got = subprocess.run([self.mkdocs(), "build", "--strict", "-f", os.path.join(SOURCE, "deploy/mkdocs.yml"), "-d", out],
                             capture_output=True, text=True, timeout=120)
        self.assertEqual(got.returncode, 0, got.stdout + got.stderr)
        for page in PAGES[:-1]:
            name = os.path.relpath(page, GUIDE).removesuffix(".md")
            made = name + ".html" if name.endswith("index") else os.path.join(name, "index.html")
            self.assertTrue(os.path.exists(os.path.join(out, made)), made)


class CommandLine(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        said = weir("--help").stdout
        cls.commands = set(re.findall(r"^  ([a-z]+) {2,}", said.partition("Subcommands:")[2], flags=re.M))
        cls.everywhere = said
        cls.help = {command: weir(command, "--help").stdout for command in cls.commands}

    def uses(self):
        """(place, command, what follows) wherever weir is called: first in a span, or in a line of shell where a command stands."""
        for path in PAGES:
            for place, text in code_of(path):
                for rest in re.findall(r"(?:^|&& |\|\| |\| |; |\()\s*(?:[\w./]*/)?weir ([^#|;&)]*)", text):
                    words = rest.split()
                    if words and re.fullmatch(r"[a-z]+", words[0]):
                        yield place, words[0], words[1:]

    def test_every_command_and_option_exists(self):
        self.assertIn("check", self.commands)
        seen = set()
        for place, command, words in self.uses():
            self.assertIn(command, self.commands, f"{place}: there is no command 'weir {command}'")
            seen.add(command)
            for option in (word for word in words if re.fullmatch(r"--[a-z-]+|-[a-z]", word)):
                known = self.help[command] + self.everywhere
                self.assertRegex(known, rf"(?m)(?:^|[\s,]){re.escape(option)}\b", f"{place}: 'weir {command}' has no {option}")
        self.assertEqual(self.commands - seen, set(), f"the guide does not tell of {self.commands - seen}")

    def test_the_page_of_commands_is_whole(self):
        page = read("deploy/guide/reference/commands.md")
        for command in self.commands:
            self.assertIn(f"`weir {command}", page)
            for option in re.findall(r"^  (?:-\w,)?(--[a-z-]+)", self.help[command], flags=re.M):
                if option != "--help":
                    self.assertIn(option, page, f"reference/commands.md does not name {option} of 'weir {command}'")


class Tables(unittest.TestCase):
    """Pages of reference against a running weir and the tables that it is made from."""

    @classmethod
    def setUpClass(cls):
        cls.mock = Mock()
        cls.weir = Weir(f"""listeners: [{{address: "127.0.0.1:0"}}]
admin: {{address: "127.0.0.1:0"}}
pools: {{main: {{upstreams: [{{name: first, url: "{cls.mock.url}/v1", api_key: sk-upstream}}]}}}}
metrics: {{otel_names: true}}
state: {{ledger: ledger.db}}
log: {{access: access.log}}
""")
        cls.answer = ask(cls.weir.url, "POST", "/v1/chat/completions", chat(), {"content-type": "application/json"})
        ask(cls.weir.url, "POST", "/v1/chat/completions", chat(stream=True), {"content-type": "application/json"})  # what streams alone have is there after one
        cls.families = wait_until(cls.families_of_streams)

    @classmethod
    def tearDownClass(cls):
        cls.weir.stop()
        cls.mock.stop()

    @classmethod
    def families_of_streams(cls):
        """All families, once the stream has been counted."""
        found = set(re.findall(r"^# TYPE (\S+)", cls.weir.metrics(), flags=re.M))
        return found if "gen_ai_server_time_per_output_token_seconds" in found else None

    def test_every_metric_that_is_named_exists(self):
        # Counters in the guide's own words end as samples do.
        known = self.families | {name + end for name in self.families for end in ("_bucket", "_sum", "_count")}
        self.assertIn("weir_requests_total", known)
        for path in PAGES:
            for name in re.findall(r"\b(weir_[a-z_]*[a-z]|gen_ai_[a-z_]*[a-z])\b(?!\.|/)", read(path)):
                self.assertIn(name, known, f"{shown(path)}: there is no metric {name}")

    def test_every_metric_stands_in_the_reference(self):
        page = read("deploy/guide/reference/metrics.md")
        missing = [name for name in sorted(self.families) if not name.startswith("process_") and f"`{name}`" not in page]
        self.assertEqual(missing, [], f"deploy/guide/reference/metrics.md lacks {missing}")

    def test_the_page_of_the_log_has_every_field_and_no_other(self):
        line = json.loads(wait_until(lambda: self.logged()).splitlines()[0])
        written = set(re.findall(r'[,{]\\"(\w+)\\":', read("proxy/telemetry/log_line.cpp")))
        self.assertLessEqual(set(line), written)
        section = read("deploy/guide/reference/log.md").partition("## Access log")[2].partition("## The ledger")[0]
        described = set()
        for row in re.findall(r"^\| (`.*?) \|", section, flags=re.M):
            described.update(spans_of(row))
        attempt = {"reason", "hedge", "ms"}
        self.assertEqual(described, written - attempt)
        for name in attempt:
            self.assertIn(f"`{name}`", section)

    def logged(self):
        path = os.path.join(self.weir.folder, "access.log")
        return read(path) if os.path.exists(path) else ""

    def test_the_page_of_the_ledger_has_every_column_and_table(self):
        section = read("deploy/guide/reference/log.md").partition("## The ledger")[2]
        database = sqlite3.connect(f"file:{self.weir.folder}/ledger.db?mode=ro", uri=True)
        try:
            columns = {row[1] for row in database.execute("PRAGMA table_xinfo(requests)")}
            tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")}
        finally:
            database.close()
        described = set()
        for row in re.findall(r"^\| (`.*?) \|", section, flags=re.M):
            described.update(spans_of(row))
        self.assertEqual(described, columns)
        for name in tables:
            self.assertIn(f"`{name}`", section, f"reference/log.md does not tell of the table {name}")

    def test_the_page_of_endpoints_has_every_code_and_word(self):
        page = read("deploy/guide/reference/endpoints.md")
        codes = dict(re.findall(r'case code::\w+: return \{"(\w+)", (\d+)\};', read("proxy/core/error.cpp")))
        self.assertIn("invalid_key", codes)
        section = page.partition("## Error codes")[2].partition("## What operators call")[0]
        rows = re.findall(r"^\| ([\d, ]+) \| (.*?) \|", section, flags=re.M)
        for statuses, names in rows:
            for name in spans_of(names):
                self.assertIn(name, codes, f"there is no code {name}")
                self.assertIn(codes[name], "426" if name == "cannot_translate" else statuses, f"reference/endpoints.md has another status for {name}")
        described = {name for _, names in rows for name in spans_of(names)}
        missing = set(codes) - {""} - described
        self.assertEqual(missing, set(), f"reference/endpoints.md lacks {missing}")
        words = set(re.findall(r'endpoint_traits\{endpoint::\w+, "[^"]*", "(\w+)"', read("proxy/dialect/endpoint_traits.hpp")))
        self.assertGreater(len(words), 10)
        for where in ("deploy/guide/reference/endpoints.md", "deploy/guide/money.md"):
            for word in words:
                self.assertIn(f"`{word}`", read(where), f"{where} lacks the word {word}")

    def test_the_page_of_endpoints_has_what_the_admin_address_serves(self):
        served = set(json.loads(self.weir.get("/api/openapi.json")[2])["paths"])
        page = read("deploy/guide/reference/endpoints.md")
        for path in served:
            self.assertIn(path.removesuffix("/undrain"), page, f"reference/endpoints.md lacks {path}")

    def test_headers_of_answers_are_told(self):
        page = read("deploy/guide/reference/endpoints.md")
        self.assertEqual(self.answer[0], 200, self.answer[2])
        named = set()
        for path in glob.glob(os.path.join(SOURCE, "proxy/exchange/**/*.cpp"), recursive=True):
            named.update(re.findall(r'"(x-weir-[a-z-]*[a-z])', read(path)))
        self.assertIn("x-weir-upstream", named)
        for name in named:
            self.assertIn(f"`{name}`", page, f"reference/endpoints.md lacks the header {name}")


class FirstSteps(unittest.TestCase):
    """The commands of start.md from the first conf on, as they stand there, but for the provider's address, its key and the ports."""

    def setUp(self):
        self.mock = Mock()
        self.folder = tempfile.mkdtemp(prefix="weir-start-")
        os.mkdir(os.path.join(self.folder, "bin"))
        os.symlink(WEIR, os.path.join(self.folder, "bin/weir"))
        shutil.copy(os.path.join(SOURCE, "conf/prices.yaml"), self.folder)
        self.port, self.admin = free_ports(2)
        self.served = None

    def tearDown(self):
        if self.served:
            self.served.terminate()
            self.served.wait(10)
        self.mock.stop()
        shutil.rmtree(self.folder)

    def here(self, text):
        for a, b in (("https://api.openai.com/v1", f"{self.mock.url}/v1"), ("sk-...", "sk-upstream"), (":8080", f":{self.port}"), (":9464", f":{self.admin}")):
            text = text.replace(a, b)
        return text

    def shell(self, text):
        env = {key: value for key, value in os.environ.items() if not key.startswith(("WEIR_", "OPENAI_"))}
        env["PATH"] = os.path.join(self.folder, "bin") + ":" + env["PATH"]
        got = subprocess.run(["bash", "-e"], input=self.here(text), cwd=self.folder, env=env, capture_output=True, text=True, timeout=60)
        self.assertEqual(got.returncode, 0, f"{text}\n{got.stdout}{got.stderr}")
        return got.stdout

    def serve(self):
        path = os.path.join(self.folder, "stderr.txt")
        with open(path, "w") as err:
            self.served = subprocess.Popen([os.path.join(self.folder, "bin/weir"), "serve", "-c", "weir.yaml"], cwd=self.folder, stdout=err, stderr=err)
        wait_until(lambda: "admin on" in read(path))

    def test_the_commands_lead_from_a_conf_to_a_key(self):
        page = os.path.join(GUIDE, "start.md")
        conf, keys = (block.text for block in blocks_of(page) if block.language == "yaml")
        builds = re.compile("docker|cmake|demo.sh")
        steps = [block.text for block in blocks_of(page) if block.language == "sh" and not builds.search(block.text)]
        secrets, first, look, make, use = steps
        with open(os.path.join(self.folder, "weir.yaml"), "w") as f:
            f.write(self.here(conf).replace("prices:", f'admin: {{address: "127.0.0.1:{self.admin}"}}\nprices:'))
        self.assertIn("weir serve -c weir.yaml", secrets)
        said = self.shell(re.sub(r"(?m)^weir serve.*$", "", secrets))
        self.assertIn("ok", said)  # what the doctor says
        self.serve()
        self.assertIn("data: [DONE]", self.shell(first))
        self.assertIn("weir top -c weir.yaml ", look)
        seen = self.shell(look.replace("weir top", "weir top --once"))
        self.assertIn("ready", seen)
        self.assertRegex(seen, r"gpt-4o\s")
        self.shell(make)
        with open(os.path.join(self.folder, "weir.yaml"), "a") as f:
            f.write(keys)
        said = self.shell(use)
        self.assertIn('{"ok":true}', said)
        self.assertIn('"usage"', said)
        # The reload was accepted, and holds a moment later.
        wait_until(lambda: ask(f"http://127.0.0.1:{self.port}", "POST", "/v1/chat/completions", chat())[0] == 401)


class Readme(unittest.TestCase):
    def test_it_is_short_and_shows_the_thing(self):
        text = read("README.md")
        self.assertLess(len(text.splitlines()), 200)
        self.assertRegex(text, r"!\[[^\]]+\]\(deploy/status\.png\)")
        self.assertIn("deploy/guide/index.md", text)

    def test_its_commands_are_there(self):
        text = read("README.md")
        for script in ("./deploy/demo.sh", "./tests/run.sh"):
            self.assertRegex(text, rf"(?m)^{re.escape(script)} ")
            self.assertTrue(os.access(os.path.join(SOURCE, script), os.X_OK))
        presets = {each["name"] for each in json.loads(read("CMakePresets.json"))["configurePresets"]}
        for name in re.findall(r"--preset (\w+)", text):
            self.assertIn(name, presets)


stack.main()
