"""Prints what plotting costs a training, and how live it is.

Each part is measured in a kernel or a JupyterLab of its own. Single times mean little on a machine whose speed drifts:
bare and plotted trainings take turns, and a ratio is that of a turn.
"""

import argparse
import dataclasses
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks import alone, background, browser, cores, peers
from tests.benchmarks.client import Client, benchmarked, machine
from tests.benchmarks.options import Options
from tests.bootstrap import find_browser
from tests.kernels import AS_INSTALLED, write_specs
from tests.lab.harness import Lab, opened

HEADLESS: dict[str, Callable[[Client, Options], None]] = {
    "peers": peers.peers,
    "fit": peers.fit,
    "history": alone.history,
    "place": alone.place,
    "memory": alone.memory,
    "background": background.background,
}
BROWSER: dict[str, Callable[[Lab, Options], None]] = {
    "core": browser.core,
    "liveness": browser.liveness,
    "drops": browser.drops,
    "pans": browser.pans,
}


def measure(part: str, options: Options) -> None:
    """Print one part's tables."""
    if part in HEADLESS:
        with benchmarked(options.kernel, pinned=options.pinned) as client:
            HEADLESS[part](client, options)
            print(f"\n{machine(client.kernel)}", flush=True)
        return
    executable = find_browser()
    if executable is None:
        print(f"{part}: no Chromium or Chrome: install one, or name one in TFWIDGET_BROWSER")
        return
    with tempfile.TemporaryDirectory() as folder:
        specs = write_specs(Path(folder, "specs"), (options.kernel,), AS_INSTALLED)
        with opened(Path(folder), specs, executable) as lab:
            BROWSER[part](lab, options)


def main() -> None:
    """Read the command line."""
    default = Options()
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join([*HEADLESS, *BROWSER])} (default: all)")
    parser.add_argument("--rounds", type=int, default=default.rounds, help="how often each is run (%(default)s)")
    parser.add_argument("--seconds", type=float, default=default.seconds, help="of each steady state (%(default)s)")
    parser.add_argument("--kernel", default=default.kernel, help="which ipykernel (%(default)s)")
    parser.add_argument(
        "--pinned", action="store_true", help="kernels without a browser have a core to themselves, too"
    )
    parser.add_argument("--picture", type=Path, help="where `peers` draws its picture")
    arguments = parser.parse_args()
    parts = arguments.parts or [*HEADLESS, *BROWSER]
    del arguments.parts
    if unknown := {*parts} - {*HEADLESS, *BROWSER}:
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join([*HEADLESS, *BROWSER])}")
    if missing := {tool.needs for tool in (*peers.TOOLS, *peers.FIT) if not tool.installed}:
        print(f"Not compared with {', '.join(missing)}, which `uv sync --group bench` installs.")
    options = dataclasses.replace(default, **vars(arguments))
    for part in parts:
        if part == "core" or options.pinned:
            cores.take(cores.OTHERS)
        measure(part, options)


if __name__ == "__main__":
    main()
