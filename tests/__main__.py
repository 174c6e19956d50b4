"""Run the tests from a fresh clone: ``python3 tests [lint] [unit] [kernel] [lab] [arguments of pytest]``.

It makes the environment in ``.venv`` first (see bootstrap.py), so it needs Python 3.11 and nothing else. With no
argument everything runs. ``python3 tests unit -k history`` runs what it says.
"""

import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.bootstrap import (
    FRONT_END,
    ROOT,
    SCRIPTS,
    environment,
    fetch_browser,
    find_browser,
    node_path,
    run,
    say,
)

RINGS = ("unit", "kernel", "lab")
CHECKS: tuple[tuple[str, ...], ...] = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
    ("lint-imports",),
)


def main(arguments: list[str]) -> int:
    named = [word for word in arguments if word in {"lint", *RINGS}]
    others = [word for word in arguments if word not in named]
    lint = "lint" in named or not arguments
    rings = [ring for ring in RINGS if ring in named or not named]
    python = environment("test", "lint")

    failed = [*run_checks(), *run_front_end_checks()] if lint else []
    browser = (find_browser(python) or fetch_browser(python)) if "lab" in rings else None
    if browser:
        os.environ["TFWIDGET_BROWSER"] = browser
    if rings:
        # A path among the arguments says what to run better than the rings' names do.
        chosen = [] if any(Path(word.partition("::")[0]).exists() for word in others) else [f"tests/{r}" for r in rings]
        command: list[str | Path] = [python, "-m", "pytest", *chosen, *others]
        if subprocess.run(command, cwd=ROOT).returncode:
            failed.append("pytest")
    if failed:
        say(f"FAILED: {', '.join(failed)}")
    if "lab" in rings and not browser:
        say("NOT RUN: tests/lab, for want of a browser. Install Chromium or Chrome, or name one in TFWIDGET_BROWSER.")
        if os.environ.get("CI"):
            return 1
    return 1 if failed else 0


def run_checks() -> list[str]:
    failed = []
    for command in CHECKS:
        say(" ".join(command))
        if subprocess.run([SCRIPTS / command[0], *command[1:]], cwd=ROOT).returncode:
            failed.append(" ".join(command))
    return failed


def run_front_end_checks() -> list[str]:
    path = node_path()
    variables = {**os.environ, "PATH": path}
    failed = []
    scripts = [("run", "lint"), ("test",)]
    if not (FRONT_END / "node_modules").exists():
        scripts.insert(0, ("ci", "--no-audit", "--no-fund"))
    for script in scripts:
        say(f"npm {' '.join(script)}")
        # Through a shell on Windows, where npm is a batch file.
        command = " ".join(("npm", *script)) if os.name == "nt" else ("npm", *script)
        if subprocess.run(command, cwd=FRONT_END, env=variables, shell=os.name == "nt").returncode:
            failed.append(f"npm {' '.join(script)}")
    return failed


if __name__ == "__main__":
    run(main)
