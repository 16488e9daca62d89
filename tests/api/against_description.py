"""Holds the API against its own description: every operation, with what fits and what does not. CONTROL and TOKEN say where."""

import os
import subprocess
import sys

folder = os.path.dirname(os.path.abspath(__file__))
control, token = os.environ["CONTROL"], os.environ["TOKEN"]
command = [
    os.path.join(os.path.dirname(sys.executable), "schemathesis"),
    "--config-file", os.path.join(folder, "schemathesis.toml"),
    "run", f"{control}/api/openapi.json", "--header", f"Authorization: Bearer {token}", "--warnings", "off",
]
sys.exit(subprocess.run(command, cwd=os.environ["SCRATCH"], check=False).returncode)
