"""The Debian package: what lintian says of it, that it installs, serves, upgrades and goes in a copy of this system that goes away afterwards,
and that the completions offer what the program knows. The tarball: that it runs where nothing is but a C library."""
import fcntl
import glob
import os
import pty
import re
import select
import shutil
import struct
import tempfile
import termios
import time
import unittest

import stack
from shipped import DEPLOY, read, run
from stack import BUILD, SOURCE, WEIR, need

# In a mount namespace of its own: this system below, a folder in memory above it, so that nothing of it stays. $1: a folder; $2: the package.
IN_A_COPY = r"""
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
chroot "$1/tree" sh -eu -c "$3"
"""


def in_a_copy(deb, script):
    """Runs a script as root in a copy of this system, with the package as /tmp/weir.deb. Returns what it said."""
    with tempfile.TemporaryDirectory() as folder:
        got = run("unshare", "--mount", "--propagation", "private", "sh", "-c", IN_A_COPY, "sh", folder, deb, script, check=False)
    if got.returncode != 0:
        raise AssertionError(f"exit code {got.returncode}\n{got.stdout}{got.stderr}")
    return got.stdout + got.stderr


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
                     "usr/lib/sysusers.d/weir.conf", "usr/share/man/man1/weir.1.gz", "usr/share/man/man5/weir.yaml.5.gz", "usr/share/bash-completion/completions/weir",
                     "usr/share/zsh/vendor-completions/_weir", "etc/logrotate.d/weir", "usr/share/doc/weir/copyright", "usr/share/doc/weir/changelog.gz"):
            self.assertIn(f"./{path}\n", files)
        self.assertNotRegex(files, r"\./(work|home|root)/")

    def test_lintian_finds_nothing(self):
        got = run(need("lintian"), "--allow-root", "--fail-on", "error,warning", "--tag-display-limit", "0", self.deb, check=False)
        self.assertEqual((got.returncode, got.stdout), (0, ""), got.stdout + got.stderr)

    def test_every_override_says_why_and_is_needed(self):
        overrides = read("package/lintian-overrides").splitlines()
        for i, line in enumerate(overrides):
            if not line.startswith("#"):
                self.assertTrue(overrides[i - 1].startswith("# "), line)
        shown = run(need("lintian"), "--allow-root", "--show-overrides", self.deb, check=False).stdout
        self.assertNotIn("unused-override", shown)

    def test_the_changelog_is_that_of_this_version(self):
        with open(os.path.join(SOURCE, "CMakeLists.txt")) as f:
            version = re.search(r"project\(weir VERSION (\S+)", f.read()).group(1)
        self.assertTrue(read("package/changelog").startswith(f"weir ({version}) "))
        self.assertEqual(run("dpkg-deb", "--field", self.deb, "Version").stdout.strip(), version)

    def test_it_installs_serves_upgrades_and_goes(self):
        said = in_a_copy(self.deb, r"""
dpkg --purge weir > /dev/null 2>&1 || true
dpkg -i /tmp/weir.deb
echo "user: $(id weir)"
stat -c "%n %U:%G %a" /etc/weir /etc/weir/weir.yaml /var/lib/weir /var/log/weir
test -L /etc/systemd/system/multi-user.target.wants/weir.service && echo "enabled at first"
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
test -e /usr/share/man/man1/weir.1.gz && gzip -dc /usr/share/man/man1/weir.1.gz | head -n 1
dpkg --remove weir
test ! -e /usr/bin/weir && test -e /etc/weir/weir.yaml && test -e /var/lib/weir/ledger.db && echo "removed: conf and ledger stay"
dpkg --purge weir
test ! -e /etc/weir/weir.yaml && test ! -e /var/lib/weir && echo purged
find /etc/systemd/system /var/lib/systemd/deb-systemd-helper-enabled -name "weir*" | grep . || echo "units: gone"
id weir 2> /dev/null || echo "user: gone"
""")
        self.assertRegex(said, r"user: uid=\d+\(weir\) gid=\d+\(weir\)")
        for line in ("/etc/weir root:weir 750", "/etc/weir/weir.yaml root:weir 640", "/var/lib/weir weir:weir 750", "enabled at first", "health: ready",
                     "kept: conf", ".TH WEIR 1", "removed: conf and ledger stay", "purged", "units: gone", "user: gone"):
            self.assertIn(line, said)

    def test_what_an_operator_has_set_survives_an_upgrade(self):
        """Modes, owners, edits of every file in /etc, and that the service shall not start."""
        said = in_a_copy(self.deb, r"""
dpkg --purge weir > /dev/null 2>&1 || true
dpkg -i /tmp/weir.deb
chmod 0600 /etc/weir/weir.yaml; chown weir:weir /etc/weir/weir.yaml
chmod 0755 /etc/weir; chmod 0700 /var/lib/weir; chown root:weir /var/log/weir; chmod 0770 /var/log/weir
for file in /etc/weir/weir.yaml /etc/weir/prices.yaml /etc/logrotate.d/weir; do echo "# mine" >> $file; done
systemctl disable weir.service
# A new version brings new files to all three.
mkdir /tmp/new && dpkg-deb -R /tmp/weir.deb /tmp/new
sed -i "s/^Version: .*/Version: 99.0.0/" /tmp/new/DEBIAN/control
for file in etc/weir/weir.yaml etc/weir/prices.yaml etc/logrotate.d/weir; do echo "# theirs" >> /tmp/new/$file; done
dpkg-deb -Znone -b /tmp/new /tmp/new.deb > /dev/null
dpkg --force-confdef --force-confold -i /tmp/new.deb
stat -c "%n %U:%G %a" /etc/weir /etc/weir/weir.yaml /var/lib/weir /var/log/weir
grep -l "# mine" /etc/weir/weir.yaml /etc/weir/prices.yaml /etc/logrotate.d/weir | sed "s/^/kept: /"
test ! -e /etc/systemd/system/multi-user.target.wants/weir.service && echo "disabled still"
""")
        for line in ("/etc/weir root:weir 755", "/etc/weir/weir.yaml weir:weir 600", "/var/lib/weir weir:weir 700", "/var/log/weir root:weir 770",
                     "kept: /etc/weir/weir.yaml", "kept: /etc/weir/prices.yaml", "kept: /etc/logrotate.d/weir", "disabled still"):
            self.assertIn(line, said)


class Tarball(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="weir-tarball-")
        run("cpack", "--config", os.path.join(BUILD, "CPackConfig.cmake"), "-G", "TGZ", "-B", cls.folder)
        cls.tarball = glob.glob(os.path.join(cls.folder, "weir-*-linux-*.tar.gz"))[0]
        run("tar", "-xzf", cls.tarball, "-C", cls.folder)
        cls.tree = cls.tarball.removesuffix(".tar.gz")

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def demo_in(self, root):
        """`weir demo` with another root, which sees its own processes only: as it comes from a shell there."""
        script = r'''
mount -t proc proc "$1/proc"
mount --bind /dev "$1/dev"
mount -t tmpfs none "$1/tmp"
cp -R "$2" "$1/tmp/unpacked"
cd "$1/tmp/unpacked"
exec chroot "$1" /tmp/unpacked/bin/weir demo --fast
'''
        got = run("unshare", "--mount", "--pid", "--fork", "--propagation", "private", "sh", "-euc", script, "sh", root, self.tree, check=False, env={"PATH": os.environ["PATH"]})
        self.assertEqual(got.returncode, 0, got.stdout + got.stderr)
        self.assertIn("Everything came through", got.stdout)

    def test_it_runs_where_only_the_c_library_is(self):
        with tempfile.TemporaryDirectory() as root:
            for name in ("proc", "dev", "tmp"):
                os.mkdir(os.path.join(root, name))
            for line in run("ldd", os.path.join(self.tree, "bin/weir")).stdout.splitlines():
                found = re.search(r"(?:=> )?(/\S+)", line)
                self.assertNotIn("not found", line)
                if found and not found.group(1).startswith(self.tree):
                    self.assertRegex(os.path.basename(found.group(1)), r"^(ld-linux|lib(c|m|dl|rt|pthread|resolv)\.so)")
                    os.makedirs(root + os.path.dirname(found.group(1)), exist_ok=True)
                    shutil.copy(found.group(1), root + found.group(1))
            self.demo_in(root)

    @unittest.skipUnless(os.environ.get("WEIR_CHROOTS"), "makes whole systems: WEIR_CHROOTS=1, minutes and some 150 MB of Debian's packages each")
    def test_it_runs_on_debian_as_it_is_installed(self):
        for name in ("bookworm", "trixie"):
            with self.subTest(name), tempfile.TemporaryDirectory() as root:
                run(need("debootstrap"), "--variant=minbase", name, root, timeout=1800)
                self.demo_in(root)

    def test_it_looks_for_libraries_beside_itself_and_nowhere_else(self):
        found = re.findall(r"\((?:RPATH|RUNPATH)\).*\[(.*)\]", run("readelf", "-d", os.path.join(self.tree, "bin/weir")).stdout)
        self.assertEqual(found, ["$ORIGIN/../lib"])
        with tempfile.TemporaryDirectory() as folder:
            run("cmake", "--install", BUILD, env={**os.environ, "DESTDIR": folder})
            self.assertNotRegex(run("readelf", "-d", glob.glob(f"{folder}/**/bin/weir", recursive=True)[0]).stdout, r"\((RPATH|RUNPATH)\)")

    def test_it_is_whole(self):
        for path in ("INSTALL.md", "LICENSE", "CHANGELOG.md", "conf/weir.yaml", "share/man/man5/weir.yaml.5", "conf/prices.yaml", "conf/examples/openai.yaml", "share/systemd/weir.service"):
            self.assertTrue(os.path.exists(os.path.join(self.tree, path)), path)
        self.assertEqual(run(os.path.join(self.tree, "bin/weir"), "check", "--strict", cwd=self.tree, env={"OPENAI_API_KEY": "sk-x"}).stderr, "")
        # Each library brings the terms that it is given on.
        self.assertGreaterEqual(len(os.listdir(os.path.join(self.tree, "share/licences"))), len(os.listdir(os.path.join(self.tree, "lib"))) - 2)


def help_of(*command):
    """The commands, options, and fields of --by that the program's help names."""
    text = run(WEIR, *command, "--help").stdout
    lines = text.splitlines()
    commands, options, section = [], [], ""
    for line in lines:
        if line and not line.startswith(" "):
            section = line
        elif section == "Subcommands:" and re.match(r"  \S", line):
            commands.append(line.split()[0])
        elif section == "Options:" and re.match(r"  \S", line):
            options.append(line.split()[0].split(",")[-1])
    fields = re.search(r"--by .*group by these: (.*)", text)
    return commands, options, fields.group(1).split(", ") if fields else []


class Manuals(unittest.TestCase):
    def test_every_command_and_option_is_in_weir_1(self):
        page = re.sub(r"\\(-|f[A-Z])", lambda found: "-" if found.group(1) == "-" else "", read("package/weir.1"))
        entries = {}
        for entry in page.split(".TP\n")[1:]:
            words = re.findall(r"[\w-]+", entry.split("\n")[0].split(" ", 1)[1])
            entries.setdefault(words[0], re.findall(r"--[a-z][a-z-]*", entry))
        commands, common, _ = help_of()
        for option in common:
            self.assertIn(option, page)
        for command in commands:
            self.assertIn(command, entries)
            self.assertEqual(set(help_of(command)[1]) - set(common) - set(entries[command]), set(), command)

    def test_every_key_of_the_conf_is_in_weir_yaml_5(self):
        page = run("awk", "-f", os.path.join(DEPLOY, "package/reference_to_man.awk"), os.path.join(SOURCE, "conf/REFERENCE.md")).stdout.replace("\\-", "-")
        with open(os.path.join(SOURCE, "conf/REFERENCE.md")) as f:
            text = f.read()
        keys = re.findall(r"^- \*\*`([^`]+)`\*\*", text, re.M)
        self.assertGreater(len(keys), 100)
        self.assertEqual(re.findall(r"^\.TP\n\\fB(.*)\\fR$", page, re.M), keys)
        self.assertEqual(re.findall(r'^\.SS "(.*)"$', page, re.M), [name.replace("`", "") for name in re.findall(r"^### (.*)$", text, re.M)])
        self.assertEqual(re.findall(r"`|\]\(", page), [])
        # groff finds nothing to warn of; lintian looks at the package's copy too.
        got = run("man", "--warnings", "-l", "-", input=page.replace("-", "\\-"), check=False, env={**os.environ, "MANWIDTH": "100", "LC_ALL": "C.UTF-8"})
        self.assertEqual((got.returncode, got.stderr), (0, ""))


class Completion(unittest.TestCase):
    def setUp(self):
        self.path = tempfile.mkdtemp(prefix="weir-completion-")
        self.addCleanup(shutil.rmtree, self.path)
        os.symlink(WEIR, os.path.join(self.path, "weir"))
        self.env = {**os.environ, "PATH": f"{self.path}:{os.environ['PATH']}"}
        self.conf = os.path.join(self.path, "weir.yaml")
        with open(self.conf, "w") as f:
            f.write("listeners: [{address: 127.0.0.1:0}]\npools:\n  first-pool:\n    upstreams: [{name: a, url: http://127.0.0.1:1/v1}]\n"
                    "  second:\n    # one more\n    upstreams: [{name: b, url: http://127.0.0.1:1/v1}]\nprices: none.yaml\n")

    def bash(self, *words):
        script = f'. {DEPLOY}/package/weir.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _weir; printf "%s\\n" "${{COMPREPLY[@]}}"'
        return run("bash", "-c", script, "bash", *words, env=self.env, cwd=SOURCE).stdout.split()

    def zsh(self, line):
        """What a zsh on a terminal offers after the line: control-D lists it."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(SOURCE)
            os.execvpe("zsh", ["zsh", "-f", "-i"], {**self.env, "TERM": "dumb"})
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 80, 250, 0, 0))

        def shown(until):
            out, end = b"", time.monotonic() + 20
            while not re.search(until, out) and time.monotonic() < end:
                if select.select([terminal], [], [], 0.1)[0]:
                    try:
                        out += os.read(terminal, 65536)
                    except OSError:
                        break
            return out

        try:
            os.write(terminal, f"fpath=({DEPLOY}/package $fpath); autoload -U compinit; compinit -u -D; LISTMAX=0; PS1='rea''dy> '\n".encode())
            shown(b"ready> ")
            # The line is shown again below the list.
            os.write(terminal, line.encode() + b"\x04")
            return shown(b"\n" + b"ready> " + re.escape(line.encode()[:8]) + b"[^\n]*$").decode()
        finally:
            os.close(terminal)
            os.waitpid(pid, 0)

    def test_bash_offers_every_command_and_option(self):
        commands, options, _ = help_of()
        self.assertIn("serve", commands)
        self.assertEqual(self.bash("weir", ""), commands)
        self.assertEqual(self.bash("weir", "-c", self.conf, "sp"), ["spend"])
        self.assertEqual(self.bash("weir", "--"), options)
        for command in commands:
            self.assertEqual(self.bash("weir", command, "--"), help_of(command)[1], command)

    def test_bash_offers_values(self):
        fields = help_of("spend")[2]
        self.assertGreater(len(fields), 10)
        self.assertEqual(self.bash("weir", "spend", "--by", ""), fields)
        self.assertEqual(self.bash("weir", "spend", "--by", "key,mo"), ["key,model", "key,month"])
        self.assertEqual(self.bash("weir", "spend", "--where", "upst"), ["upstream="])
        self.assertEqual(self.bash("weir", "spend", "--where", "nothing-such"), [])
        self.assertEqual(self.bash("weir", "conf", ""), ["reference", "schema"])
        self.assertEqual(self.bash("weir", "doctor", "-c", self.conf, ""), ["first-pool", "second"])
        self.assertEqual(self.bash("weir", "check", "-c", "conf/weir.y"), ["conf/weir.yaml"])

    def test_bash_knows_the_pools_of_a_conf_whose_secrets_it_lacks(self):
        with open(self.conf, "a") as f:
            f.write("keys: [{name: a, secret: '${NOT_SET_HERE}'}]\n")
        self.assertEqual(self.bash("weir", "doctor", "-c", self.conf, ""), ["first-pool", "second"])

    def test_zsh_offers_the_same(self):
        need("zsh")
        commands, _, _ = help_of()
        shown = self.zsh("weir ")
        for command in commands:
            self.assertRegex(shown, rf"\n{command} +-- ")
        shown = self.zsh("weir spend --")
        for option in help_of("spend")[1]:
            self.assertRegex(shown, rf"\n{option} +-- ")
        self.assertRegex(self.zsh("weir spend --by key,m"), r"\nmodel +month")
        self.assertRegex(self.zsh(f"weir doctor -c {self.conf} "), r"\nfirst-pool +second")
        self.assertRegex(self.zsh("weir conf "), r"\nreference +schema")


stack.main()
