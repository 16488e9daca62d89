"""A conformance suite, unmodified: what it finds at an address, for one format. One line for each of its checks."""

import json
import os
import subprocess
import sys

address = ["--base-url", os.environ["BASE_URL"], "--api-key", os.environ["API_KEY"], "--model", os.environ["MODEL"]]
suite = [sys.executable, "-c", "import sys; from llm_comply.cli import main; sys.exit(main())"]
ended = subprocess.run([*suite, *address, "--format", os.environ["FORMAT"], "--json"], stdout=subprocess.PIPE, text=True)
for check in json.loads(ended.stdout)["results"]:
    why = check.get("errors", []) if check["status"] == "failed" else []
    print(check["id"], check["status"], *why[:1])
