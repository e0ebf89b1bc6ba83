"""What the tests of deploy/ share: running a tool, reading a shipped file, checking a conf. It tests nothing itself."""
import json
import os
import subprocess
import sys
import tempfile

from stack import SOURCE, WEIR

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


def faults_of(path, env=None):
    """What `weir check --strict` says of a conf, as lines. A ledger's folder that only the target has is no fault of the conf."""
    got = run(WEIR, "check", "--strict", "--format", "json", "-c", path, check=False, env={"PATH": os.environ["PATH"], **(env or {})})
    return [f"{each['file']}:{each['line']}: {each['message']}" for each in json.loads(got.stdout)
            if not (each["severity"] == "warning" and each["message"].startswith("ledger: the folder ") and each["message"].endswith("does not exist"))]


def faults_of_text(text, env=None, files=None):
    """The same of a conf that stands nowhere yet, with its files beside it."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in {"weir.yaml": text, **(files or {})}.items():
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as f:
                f.write(content)
            os.chmod(path, 0o600)
        return faults_of(os.path.join(folder, "weir.yaml"), env)
