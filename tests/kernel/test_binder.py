"""Binder's environment: what repo2docker would run, run here, in a fresh environment and a copy of the repository."""

import os
import shutil
import subprocess
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MINUTES = 60


def run(command: list[str], folder: Path, environment: dict[str, str], timeout: float = 8 * MINUTES) -> str:
    done = subprocess.run(
        command, cwd=folder, env=environment, text=True, timeout=timeout,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert done.returncode == 0, f"{' '.join(command)} failed:\n{done.stdout[-4000:]}"
    return done.stdout


def copy_repository(target: Path) -> None:
    """All that a clone of the repository as it is now would hold."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[Path]:
    """A folder for an environment, which takes 2 GB: not kept as pytest keeps what tests leave."""
    yield tmp_path / "environment"
    shutil.rmtree(tmp_path / "environment", ignore_errors=True)


@pytest.mark.skipif(os.name == "nt", reason="Binder runs on Linux, and postBuild is a shell script")
@pytest.mark.timeout(10 * MINUTES)
def test_binder_builds_without_node(tmp_path: Path, environment: Path) -> None:
    repository, no_node = tmp_path / "repository", tmp_path / "no-node"
    copy_repository(repository)
    no_node.mkdir()
    for name in ("node", "npm"):  # Binder has none: nor shall the machine's be used
        (no_node / name).write_text("#!/bin/sh\nexit 1\n")
        (no_node / name).chmod(0o755)
    venv.create(environment, with_pip=True)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV", "JUPYTER", "MPL"))}
    path = os.pathsep.join([str(no_node), str(environment / "bin"), os.environ["PATH"]])
    variables = {**kept, "PATH": path, "MPLCONFIGDIR": str(tmp_path / "matplotlib")}

    run(["pip", "install", "-r", "binder/requirements.txt"], repository, variables)
    run(["./binder/postBuild"], repository, variables)

    extensions = run(["jupyter", "labextension", "list"], repository, {**variables, "NO_COLOR": "1"})
    ours = next(line for line in extensions.splitlines() if line.strip().startswith("tfwidget "))
    assert "enabled" in ours
    assert "OK" in ours
    assert not (repository / "labextension" / "node_modules").exists()
    elsewhere = tmp_path / "elsewhere"  # where the repository's own folder is not on the path
    elsewhere.mkdir()
    imports = "import tfwidget, tensorflow, sklearn, sys; print(tfwidget.__file__, sys.prefix)"
    said = run(["python", "-W", "error::ImportWarning", "-c", imports], elsewhere, variables).split()
    assert said[-2].startswith(str(environment))


def test_binder_asks_for_a_python_that_is_supported() -> None:
    wanted = (ROOT / "binder" / "runtime.txt").read_text().strip().removeprefix("python-")
    assert tuple(map(int, wanted.split("."))) >= (3, 11)
