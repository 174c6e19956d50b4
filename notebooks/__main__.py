"""Open the quickstart in JupyterLab from a fresh clone: ``python3 notebooks [arguments of jupyter lab]``.

It makes the environment in ``.venv`` first (see tests/bootstrap.py), so it needs Python 3.11 and nothing else.
"""

import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.bootstrap import (
    ROOT,
    environment,
    run,
    say,
)

QUICKSTART = "notebooks/01_quickstart.ipynb"


def main(arguments: list[str]) -> int:
    python = environment("notebooks")
    command = [str(python), "-m", "jupyterlab", f"--LabApp.default_url=/lab/tree/{QUICKSTART}", *arguments]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # a container's only user: Jupyter would refuse
    # The kernel "python3" is then this environment's, whatever else is registered for the user.
    variables = {**os.environ, "JUPYTER_PREFER_ENV_PATH": "1"}
    say("opening the quickstart in JupyterLab; Ctrl+C, twice, ends it")
    if os.name != "nt":
        os.chdir(ROOT)
        os.execve(command[0], command, variables)
    return subprocess.run(command, cwd=ROOT, env=variables).returncode


if __name__ == "__main__":
    run(main)
