"""What stands in deploy/, each file held against the tool that will read it: systemd, dpkg, hadolint, Helm, Kubernetes' own schemas.
The package is installed, started and removed in a copy of this system that goes away afterwards; the image's root is run as a root."""
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import yaml

import stack
from stack import BUILD, SOURCE, WEIR, Mock, Weir, need

DEPLOY = os.path.join(SOURCE, "deploy")
TOOLS = os.path.dirname(sys.executable)


def run(*command, check=True, **more):
    got = subprocess.run(command, capture_output=True, text=True, **{"timeout": 120, **more})
    if check and got.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: exit code {got.returncode}\n{got.stdout}{got.stderr}")
    return got


def read(*path):
    with open(os.path.join(DEPLOY, *path)) as f:
        return f.read()


def checked_conf(text, env=None, files=None):
    """Runs `weir check` over a conf; returns its faults. A ledger's folder that only the target has is no fault of the conf."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in {"weir.yaml": text, **(files or {})}.items():
            with open(os.path.join(folder, name), "w") as f:
                f.write(content)
            os.chmod(os.path.join(folder, name), 0o600)
        got = run(WEIR, "check", "-c", os.path.join(folder, "weir.yaml"), check=False, env={**os.environ, **(env or {})})
    faults = [line for line in got.stderr.splitlines() if "does not exist" not in line or "ledger" not in line]
    return got.returncode, faults


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


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="weir-package-")
        run("cpack", "--config", os.path.join(BUILD, "CPackConfig.cmake"), "-G", "DEB", "-B", cls.folder, "-D", "CPACK_DEBIAN_COMPRESSION_TYPE=gzip")
        cls.deb = glob.glob(os.path.join(cls.folder, "*.deb"))[0]

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def test_it_says_what_it_is_and_needs(self):
        fields = run("dpkg-deb", "--field", self.deb).stdout
        self.assertIn("Package: weir\n", fields)
        for library in ("libssl3", "libsqlite3-0", "libyaml-cpp0.7", "libstdc++6", "ca-certificates"):
            self.assertIn(library, fields)
        files = run("dpkg-deb", "--contents", self.deb).stdout
        for path in ("usr/bin/weir", "etc/weir/weir.yaml", "etc/weir/prices.yaml", "lib/systemd/system/weir.service", "lib/systemd/system/weir.socket",
                     "usr/lib/sysusers.d/weir.conf", "usr/share/man/man1/weir.1", "usr/share/bash-completion/completions/weir",
                     "usr/share/zsh/vendor-completions/_weir", "etc/logrotate.d/weir", "usr/share/doc/weir/copyright"):
            self.assertIn(f"./{path}", files)
        self.assertNotRegex(files, r"\./(work|home|root)/")

    def test_it_installs_serves_upgrades_and_goes(self):
        """In a mount namespace of its own: this system below, a folder in memory above it, so that nothing of it stays."""
        script = r"""
set -eu
mkdir -p "$1/layer"
mount -t tmpfs none "$1/layer"
mkdir "$1/layer/upper" "$1/layer/work" "$1/tree"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/layer/upper,workdir=$1/layer/work" "$1/tree"
mount -t proc proc "$1/tree/proc"
mount --bind /dev "$1/tree/dev"
mount -t tmpfs none "$1/tree/run"
mount -t tmpfs none "$1/tree/tmp"
cp "$2" "$1/tree/tmp/weir.deb"
chroot "$1/tree" sh -eu -c '
dpkg --purge weir > /dev/null 2>&1 || true
dpkg -i /tmp/weir.deb
echo "user: $(id weir)"
stat -c "%n %U:%G %a" /etc/weir /etc/weir/weir.yaml /var/lib/weir /var/log/weir
as_weir() { setpriv --reuid=weir --regid=weir --clear-groups "$@"; }
cd /
as_weir weir check -c /etc/weir/weir.yaml
sed -i "s/127.0.0.1:8080/127.0.0.1:0/; s/127.0.0.1:9464/unix:\/tmp\/admin.sock/" /etc/weir/weir.yaml
setpriv --reuid=weir --regid=weir --clear-groups weir serve -c /etc/weir/weir.yaml > /tmp/out 2> /tmp/err < /dev/null & pid=$!
trap "kill $pid 2> /dev/null || true" EXIT
for i in $(seq 100); do as_weir weir health -c /etc/weir/weir.yaml > /dev/null 2>&1 && break; sleep 0.05; done
echo "health: $(as_weir weir health -c /etc/weir/weir.yaml)"
ls -l /var/lib/weir/ledger.db
kill $pid; wait $pid
# An edited conf survives a new version of the package, and a removal.
dpkg -i /tmp/weir.deb
grep -q admin.sock /etc/weir/weir.yaml && echo "kept: conf"
man --pager=cat weir 2> /dev/null | head -n 3 || true
bash -c ". /usr/share/bash-completion/completions/weir; COMP_WORDS=(weir sp); COMP_CWORD=1; _weir; echo completion: \${COMPREPLY[*]}"
dpkg --remove weir
test ! -e /usr/bin/weir && test -e /etc/weir/weir.yaml && test -e /var/lib/weir/ledger.db && echo "removed: conf and ledger stay"
dpkg --purge weir
test ! -e /etc/weir/weir.yaml && test ! -e /var/lib/weir && echo purged
id weir 2> /dev/null || echo "user: gone"
'
"""
        with tempfile.TemporaryDirectory() as folder:
            got = run("unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", folder, self.deb, check=False)
        said = got.stdout + got.stderr
        self.assertEqual(got.returncode, 0, said)
        self.assertRegex(said, r"user: uid=\d+\(weir\) gid=\d+\(weir\)")
        for line in ("/etc/weir root:weir 750", "/etc/weir/weir.yaml root:weir 640", "/var/lib/weir weir:weir 750", "health: ready", "kept: conf",
                     "completion: spend", "removed: conf and ledger stay", "purged", "user: gone"):
            self.assertIn(line, said)


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
                serving = subprocess.Popen(inside + entry, stdout=out, stderr=err, env={})
            try:
                ready = stack.wait_until(lambda: (lambda r: r if r.returncode == 0 else None)(run(*inside, *health, check=False, env={})))
                self.assertEqual(ready.stdout, "ready\n")
                with open(os.path.join(folder, "err")) as f:
                    self.assertIn("listening on http://127.0.0.1:", f.read())
            finally:
                serving.terminate()
                self.assertEqual(serving.wait(10), 0)
            self.assertEqual(run(*inside, *health, check=False, env={}).returncode, 1)

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
        got = run("unshare", "--mount", "--net", "--propagation", "private", "sh", "-c", script, check=False, env={"PATH": os.environ["PATH"]})
        return got.stdout + got.stderr

    def test_the_conf_of_the_image_is_fine(self):
        with open(os.path.join(SOURCE, "conf/prices.yaml")) as f:
            self.assertEqual(checked_conf(read("docker/weir.yaml"), files={"prices.yaml": f.read()}), (0, []))

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
        self.assertIn(f'admin:\n  address: 0.0.0.0:{target.split(":")[1]}', read("docker/weir.yaml"))
        run(need("promtool"), "check", "config", os.path.join(DEPLOY, "prometheus/prometheus.yaml"))


def validate(manifest):
    import kubernetes_validate
    kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)


def check_pod(test, pod):
    """What every weir in a pod must have, whichever file it comes from."""
    containers = pod.get("initContainers", []) + pod["containers"]
    weir = next(c for c in containers if c["name"] == "weir")
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        test.assertIn(weir[probe]["httpGet"]["path"], ("/healthz", "/readyz"))
    test.assertIn("sleep", weir["lifecycle"]["preStop"])
    test.assertIn("requests", weir["resources"])
    test.assertTrue(weir["securityContext"]["readOnlyRootFilesystem"])
    names = {port["name"] for port in weir["ports"]}
    test.assertIn("admin", names)
    volumes = {volume["name"] for volume in pod["volumes"]}
    for mount in weir["volumeMounts"]:
        test.assertIn(mount["name"], volumes)
    return weir


class Kubernetes(unittest.TestCase):
    def manifests(self, name):
        return [each for each in yaml.safe_load_all(read("kubernetes", name)) if each]

    def check(self, manifests):
        for each in manifests:
            validate(each)
        conf = next(each for each in manifests if each["kind"] == "ConfigMap")["data"]
        files = {name: text for name, text in conf.items() if name != "weir.yaml"}
        self.assertEqual(checked_conf(conf["weir.yaml"], env={"OPENAI_API_KEY": "sk-x"}, files=files)[0], 0)
        deployment = next(each for each in manifests if each["kind"] == "Deployment")["spec"]
        pod = deployment["template"]["spec"]
        drain = int(re.search(r"drain_timeout: (\d+)", conf["weir.yaml"]).group(1)) * (60 if "m}" in conf["weir.yaml"] else 1)
        weir = check_pod(self, pod)
        self.assertGreaterEqual(pod["terminationGracePeriodSeconds"], drain + weir["lifecycle"]["preStop"]["sleep"]["seconds"])
        self.assertEqual(deployment["selector"]["matchLabels"].items() - deployment["template"]["metadata"]["labels"].items(), set())
        return weir, pod

    def test_the_deployment(self):
        self.check(self.manifests("deployment.yaml"))

    def test_the_native_sidecar(self):
        weir, pod = self.check(self.manifests("sidecar.yaml"))
        self.assertIn(weir, pod["initContainers"])
        self.assertEqual(weir["restartPolicy"], "Always")

    def test_a_wrong_manifest_would_be_noticed(self):
        wrong = self.manifests("sidecar.yaml")[1]
        wrong["spec"]["template"]["spec"]["initContainers"][0]["restartPolice"] = "Always"
        with self.assertRaises(Exception):
            validate(wrong)


class Helm(unittest.TestCase):
    chart_folder = os.path.join(DEPLOY, "helm/weir")

    def render(self, **values):
        from helm_python.chart import Chart
        rendered = Chart.load(self.chart_folder).render(values, name="gateway")
        texts = [text for path, text in rendered.items() if path.endswith(".yaml")]
        return [each for text in texts for each in yaml.safe_load_all(text) if each]

    def test_it_renders_to_manifests_that_kubernetes_takes(self):
        manifests = self.render()
        self.assertEqual(sorted(each["kind"] for each in manifests), ["ConfigMap", "Deployment", "PersistentVolumeClaim", "Service"])
        for each in manifests:
            validate(each)
        conf = next(each for each in manifests if each["kind"] == "ConfigMap")["data"]
        self.assertEqual(checked_conf(conf["weir.yaml"], env={"OPENAI_API_KEY": "sk-x"}, files={"prices.yaml": conf["prices.yaml"]})[0], 0)
        check_pod(self, next(each for each in manifests if each["kind"] == "Deployment")["spec"]["template"]["spec"])

    def test_its_values_change_what_they_should(self):
        manifests = self.render(persistence={"enabled": False}, serviceMonitor={"enabled": True}, image={"repository": "r/weir", "tag": "9"},
                                drainSeconds=60, podAnnotations={"a/b": "c"}, nodeSelector={"disk": "fast"})
        kinds = sorted(each["kind"] for each in manifests)
        self.assertEqual(kinds, ["ConfigMap", "Deployment", "Service", "ServiceMonitor"])
        pod = next(each for each in manifests if each["kind"] == "Deployment")["spec"]["template"]
        self.assertEqual(pod["spec"]["containers"][0]["image"], "r/weir:9")
        self.assertEqual(pod["spec"]["terminationGracePeriodSeconds"], 80)
        self.assertEqual(pod["metadata"]["annotations"]["a/b"], "c")
        self.assertEqual(pod["spec"]["nodeSelector"], {"disk": "fast"})

    def test_wrong_values_are_refused(self):
        from helm_python.chart import Chart
        with self.assertRaises(Exception):
            Chart.load(self.chart_folder).validate_schema({"ports": {"http": "many", "admin": 9464}})

    def test_helm_lint_finds_nothing(self):
        from helm_python.chart import lint
        report = lint(self.chart_folder, strict=True)
        self.assertEqual(report["total_charts_linted"], 1)
        self.assertEqual([each for each in report["messages"] if each["severity"] > 1] + report["errors"], [])


stack.main()
