"""FILE WEIR MOCK_PROVIDER BUILD_FOLDER NAME: runs node/NAME.test.mjs with the pinned Node against the real binary.

The file is run from the build folder, where its packages are installed."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

import stack

CLIENTS = {
    "openai": ("OpenAI Node", "openai"),
    "anthropic": ("Anthropic Node", "@anthropic-ai/sdk"),
    "ai_sdk": ("Vercel AI SDK", "ai"),
    "google_genai": ("Google Gen AI Node", "@google/genai"),
    "translation": ("The SDKs for Node at pools of other dialects", "openai"),
}


def main(name):
    client, package = CLIENTS[name]
    source = os.path.join(stack.HERE, "node")
    installed = os.path.join(stack.BUILD, "node")
    with open(os.path.join(installed, "node_modules", package, "package.json")) as f:
        version = json.load(f)["version"] if name != "translation" else "as below"
    for each in (f"{name}.test.mjs", "weir.mjs", "names.mjs"):
        # Into place in one step: several of these run at once.
        with tempfile.NamedTemporaryFile(dir=installed, delete=False) as copy:
            with open(os.path.join(source, each), "rb") as f:
                shutil.copyfileobj(f, copy)
        os.replace(copy.name, os.path.join(installed, each))
    weir = stack.Stack(stack.OTHER_DIALECTS if name == "translation" else stack.CONF)
    try:
        names = os.path.join(weir.folder.name, "names.txt")
        done = subprocess.run(
            [os.path.join(os.path.dirname(sys.executable), "node"), "--test", "--test-timeout=60000",
             "--test-reporter=spec", "--test-reporter-destination=stdout",
             "--test-reporter=./names.mjs", f"--test-reporter-destination={names}", f"{name}.test.mjs"],
            cwd=installed, env=weir.environment())
        with open(names) as f:
            ran = f.read().splitlines()
        found = stack.secrets_in(weir.log())
    finally:
        weir.stop()
    if done.returncode != 0:
        sys.exit(f"{client}: some of its tests failed")
    if found:
        sys.exit(f"{client}: the access log holds {found}")
    if not ran:
        sys.exit(f"{client}: no test ran")
    stack.check_table(client, version, ran)


if __name__ == "__main__":
    main(sys.argv[4])
