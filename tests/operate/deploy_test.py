"""What stands in deploy/, each file held against the tool that will read it: systemd, hadolint, buildah, promtool; and every shipped conf against
`weir check --strict`. The image's root is run as a root. Package and chart have tests of their own."""
import glob
import http.client
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import yaml

import stack
from shipped import DEPLOY, TOOLS, faults_of, faults_of_text, read, run
from stack import SOURCE, WEIR, need

IMAGE_NEEDS = {"OPENAI_API_KEY": "sk-upstream", "WEIR_KEY": "sk-weir-test"}


class Systemd(unittest.TestCase):
    def test_the_service_is_hardened(self):
        got = run(need("systemd-analyze"), "security", "--offline=true", "--no-pager", os.path.join(DEPLOY, "systemd/weir.service"), check=False)
        level = re.search(r"Overall exposure level for weir.service: ([0-9.]+)", got.stdout)
        self.assertIsNotNone(level, got.stdout + got.stderr)
        self.assertLessEqual(float(level.group(1)), 2.0)

    def test_the_units_are_understood(self):
        # As installed, with the program where the unit says it is.
        with tempfile.TemporaryDirectory() as root:
            units = os.path.join(root, "units")
            shutil.copytree(os.path.join(DEPLOY, "systemd"), units)
            service = os.path.join(units, "weir.service")
            with open(service) as f:
                text = f.read().replace("/usr/bin/weir", WEIR).replace("Documentation=man:weir(1)\n", "")
            with open(service, "w") as f:
                f.write(text)
            got = run(need("systemd-analyze"), "verify", "--man=no", service, os.path.join(units, "weir.socket"), check=False)
            complaints = [line for line in (got.stdout + got.stderr).splitlines() if "weir" in line]
            self.assertEqual(complaints, [])

    def test_the_user_is_one_that_sysusers_makes(self):
        got = run("systemd-sysusers", "--dry-run", os.path.join(DEPLOY, "systemd/weir.sysusers"))
        self.assertRegex(got.stdout + got.stderr, "weir")


class Image(unittest.TestCase):
    def test_the_dockerfile_has_no_faults(self):
        got = run(os.path.join(TOOLS, "hadolint"), os.path.join(DEPLOY, "Dockerfile"), check=False)
        self.assertEqual((got.returncode, got.stdout), (0, ""), got.stdout)

    def test_the_root_that_the_image_is_made_of_runs_by_itself(self):
        """The same script that the Dockerfile calls, and its user and health check, in a root that has nothing else in it."""
        dockerfile = read("Dockerfile")
        self.assertIn("deploy/docker/image-root.sh", dockerfile)
        health = json.loads(re.search(r"HEALTHCHECK .* CMD (\[.*\])", dockerfile).group(1))
        entry = json.loads(re.search(r"ENTRYPOINT (\[.*\])", dockerfile).group(1)) + json.loads(re.search(r"^CMD (\[.*\])", dockerfile, re.M).group(1))
        user = re.search(r"^USER (\d+):(\d+)", dockerfile, re.M).groups()
        with tempfile.TemporaryDirectory() as folder:
            root = os.path.join(folder, "image")
            run(os.path.join(DEPLOY, "docker/image-root.sh"), WEIR, root)
            self.assertFalse(os.path.exists(os.path.join(root, "bin/sh")))
            conf = os.path.join(root, "etc/weir/weir.yaml")
            with open(conf) as f:
                text = f.read()
            with open(conf, "w") as f:
                f.write(text.replace("0.0.0.0:8080", "127.0.0.1:0").replace("0.0.0.0:9464", "unix:/tmp/admin.sock"))
            inside = [need("chroot"), f"--userspec={user[0]}:{user[1]}", root]
            with open(os.path.join(folder, "err"), "w") as err, open(os.path.join(folder, "out"), "w") as out:
                serving = subprocess.Popen(inside + entry, stdout=out, stderr=err, env=IMAGE_NEEDS)
            try:
                ready = stack.wait_until(lambda: (lambda r: r if r.returncode == 0 else None)(run(*inside, *health, check=False, env={})))
                self.assertEqual(ready.stdout, "ready\n")
                with open(os.path.join(folder, "err")) as f:
                    address = re.search(r"listening on http://(127.0.0.1:\d+)", f.read()).group(1)
                self.assertEqual(self.asked(address, "sk-somebody"), 401)
                self.assertEqual(self.asked(address, None), 401)
                self.assertNotEqual(self.asked(address, IMAGE_NEEDS["WEIR_KEY"]), 401)
            finally:
                serving.terminate()
                self.assertEqual(serving.wait(10), 0)
            self.assertEqual(run(*inside, *health, check=False, env={}).returncode, 1)
            unset = run(*inside, *entry, check=False, env={})
            self.assertEqual(unset.returncode, 1)
            for name in IMAGE_NEEDS:
                self.assertIn(f"the environment variable {name} is not set", unset.stderr)

    def asked(self, address, key):
        """The status of a request without a body, which goes no further than weir itself."""
        connection = http.client.HTTPConnection(address, timeout=10)
        connection.request("GET", "/v1/models/nothing-such", headers={"Authorization": f"Bearer {key}"} if key else {})
        status = connection.getresponse().status
        connection.close()
        return status

    def test_what_is_installed_in_it_is_read_by_any_shell(self):
        """Builders of OCI images ignore SHELL, so that the Dockerfile's commands run under /bin/sh."""
        script = '. ./packages.sh && need dpkg && [ "$(build_jobs)" -ge 1 ] && [ -n "$build_packages" ] && echo read'
        for shell in ("sh", "bash"):
            self.assertEqual(run(shell, "-euc", script, cwd=DEPLOY).stdout, "read\n", shell)
        self.assertNotRegex(read("Dockerfile"), r"(?m)^SHELL ")

    def test_the_image_runs_unaided(self):
        """Built by buildah in OCI's format, and run as the user that it names, over a root that nobody can write to. The first stage takes long:
        its result is made of the binary at hand, unless WEIR_WHOLE_IMAGE is set."""
        if os.getuid() != 0:
            self.skipTest("needs root to chroot into the image as its user")
        if not shutil.which("buildah"):
            self.skipTest("needs buildah")
        if run("unshare", "--mount", "--net", "true", check=False).returncode != 0:
            self.skipTest("no namespaces of its own may be made here")
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "policy.json"), "w") as f:
                f.write('{"default": [{"type": "insecureAcceptAnything"}]}')
            store = ["--root", f"{folder}/store", "--runroot", f"{folder}/run", "--storage-driver", "vfs"]

            def buildah(*words, **more):
                return run("buildah", *store, *words, timeout=3000, **more).stdout.strip()

            def build(file, context):
                buildah("build", "--isolation", "chroot", "--format", "oci", "--signature-policy", f"{folder}/policy.json", "-t", "weir", "-f", file, context)

            if os.environ.get("WEIR_WHOLE_IMAGE"):
                self.make_base(folder, buildah)
                build(os.path.join(DEPLOY, "Dockerfile"), SOURCE)
            else:
                os.mkdir(os.path.join(folder, "context"))
                run(os.path.join(DEPLOY, "docker/image-root.sh"), WEIR, os.path.join(folder, "context/image"))
                last = "FROM scratch\n" + read("Dockerfile").split("\nFROM scratch\n")[1]
                with open(os.path.join(folder, "Dockerfile"), "w") as f:
                    f.write("FROM scratch AS build\nCOPY image /image\n\n" + last)
                build(os.path.join(folder, "Dockerfile"), os.path.join(folder, "context"))
            config = json.loads(buildah("inspect", "--type", "image", "weir"))["OCIv1"]["config"]
            container = buildah("from", "--signature-policy", f"{folder}/policy.json", "localhost/weir")
            said = self.run_image(folder, buildah("mount", container), config)
        self.assertIn("ready", said)
        self.assertIn("ended: 0", said)
        self.assertIn("writable: nothing", said)

    def make_base(self, folder, buildah):
        """What the Dockerfile begins with, made of Debian's packages instead of being fetched from a registry."""
        base = re.search(r"^FROM (\S+) AS build", read("Dockerfile"), re.M).group(1)
        run("debootstrap", "--variant=minbase", "bookworm", f"{folder}/base", timeout=1800)
        made = buildah("from", "scratch")
        buildah("add", made, f"{folder}/base", "/")
        buildah("commit", "--format", "oci", "--signature-policy", f"{folder}/policy.json", made, f"docker.io/library/{base}")
        shutil.rmtree(f"{folder}/base")

    def run_image(self, folder, root, config):
        user = config["User"]
        volume = next(iter(config["Volumes"]))
        start = " ".join(config["Entrypoint"] + config["Cmd"])
        script = f"""
mkdir {folder}/tree && mount --bind {root} {folder}/tree
cp -a {root}{volume} {folder}/volume   # as an engine fills a new volume: with the image's files and owners
mount -o remount,ro,bind {folder}/tree
mount --bind {folder}/volume {folder}/tree{volume}
python3 -c 'import fcntl, socket, struct
s = socket.socket()
fcntl.ioctl(s, 0x8914, struct.pack("16sh14x", b"lo", 0x49))'
chroot --userspec={user} {folder}/tree {start} &
pid=$!
for i in $(seq 100); do
    chroot --userspec={user} {folder}/tree /usr/bin/weir health -c /etc/weir/weir.yaml 2> /dev/null && break
    sleep 0.1
done
touch {folder}/tree/etc/x 2> /dev/null || echo "writable: nothing"
ls -ln {folder}/tree{volume}
kill $pid; wait $pid; echo "ended: $?"
"""
        got = run("unshare", "--mount", "--net", "--propagation", "private", "sh", "-c", script, check=False, env={"PATH": os.environ["PATH"], **IMAGE_NEEDS})
        return got.stdout + got.stderr

    def test_compose_names_files_that_exist_and_services_that_it_has(self):
        compose = yaml.safe_load(read("docker/compose.yaml"))
        base = os.path.join(DEPLOY, "docker")
        for name, service in compose["services"].items():
            for volume in service.get("volumes", []):
                source = volume.split(":")[0]
                self.assertTrue(source in compose["volumes"] or os.path.exists(os.path.join(base, source)), f"{name}: {source}")
            for other in service.get("depends_on", []):
                self.assertIn(other, compose["services"])
        weir = compose["services"]["weir"]["build"]
        self.assertTrue(os.path.exists(os.path.join(base, weir["context"], weir["dockerfile"])))
        target = yaml.safe_load(read("prometheus/prometheus.yaml"))["scrape_configs"][0]["static_configs"][0]["targets"][0]
        self.assertEqual(target.split(":")[0], "weir")
        for conf in ("docker/weir.yaml", "docker/compose-weir.yaml"):
            self.assertIn(f'admin:\n  address: 0.0.0.0:{target.split(":")[1]}', read(conf))
        alerts = yaml.safe_load(read("prometheus/prometheus.yaml"))["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"][0]
        self.assertIn(alerts.split(":")[0], compose["services"])
        run(need("promtool"), "check", "config", os.path.join(DEPLOY, "prometheus/prometheus.yaml"))

    def test_compose_hands_on_what_the_conf_needs_and_says_what_is_missing(self):
        weir = yaml.safe_load(read("docker/compose.yaml"))["services"]["weir"]
        mounted = next(volume for volume in weir["volumes"] if ":/etc/weir/weir.yaml" in volume).split(":")[0]
        named = set(re.findall(r"\$\{(\w+)\}", read("docker", mounted)))
        self.assertEqual(named, {"OPENAI_API_KEY", "WEIR_KEY", "WEIR_ADMIN_TOKEN"})
        self.assertEqual(set(weir["environment"]), named)
        for name, value in weir["environment"].items():
            self.assertRegex(value, rf"^\${{{name}:\?[^}}]+}}$")
            self.assertIn(f"#   {name}=", read("docker/compose.yaml"))


def shipped_confs():
    """Every file below conf/ and deploy/ that is a conf of weir."""
    for path in sorted(glob.glob(os.path.join(SOURCE, "conf/**/*.yaml"), recursive=True) + glob.glob(os.path.join(DEPLOY, "**/*.yaml"), recursive=True)):
        with open(path) as f:
            text = f.read()
        if re.search(r"^listeners:", text, re.M):
            yield os.path.relpath(path, SOURCE), text


class Confs(unittest.TestCase):
    def test_every_shipped_conf_has_nothing_to_warn_of(self):
        """With the variables set that its first lines name, and no others."""
        with open(os.path.join(SOURCE, "conf/prices.yaml")) as f:
            prices = {"prices.yaml": f.read()}
        seen = []
        for path, text in shipped_confs():
            needs = re.search(r"^# Needs: (.*)$", text, re.M)
            names = re.findall(r"\b[A-Z][A-Z0-9_]+\b", re.sub(r"\([^)]*\)", "", needs.group(1))) if needs else []
            if path == "conf/weir.yaml":
                names = ["OPENAI_API_KEY"]  # as its first lines show
            env = {name: f"made-up-{i}" for i, name in enumerate(names)}
            with self.subTest(path):
                if path.startswith("conf/"):
                    self.assertEqual(faults_of(os.path.join(SOURCE, path), env), [])
                else:
                    self.assertEqual(faults_of_text(text, env, prices), [])
                used = set(re.findall(r"\$\{([A-Z]\w+)\}", re.sub(r"#.*", "", text)))
                self.assertEqual(set(names), used)
            seen.append(path)
        for path in ("conf/weir.yaml", "conf/examples/failover.yaml", "deploy/docker/weir.yaml", "deploy/docker/compose-weir.yaml", "deploy/package/weir.yaml"):
            self.assertIn(path, seen)

    def test_none_that_others_can_reach_is_open(self):
        for path, text in shipped_confs():
            conf = yaml.safe_load(text)
            if any(not listener["address"].startswith(("127.0.0.1:", "unix:")) for listener in conf["listeners"]):
                self.assertEqual([key["secret"] for key in conf["keys"]], ["${WEIR_KEY}"], path)


stack.main()
