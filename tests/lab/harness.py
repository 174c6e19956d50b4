"""A real JupyterLab in a real Chromium: what a user would see, asked from Python.

`Server` is one JupyterLab with one kernel per supported ipykernel; `Lab` is one browser page in it; `Notebook` and
`Figure` are what a test talks to. Cells are run by JupyterLab's own commands, widgets by the mouse.
Invariant: a test waits for what it can see (a command's promise, pixels painted, text shown), with a timeout, and
never for a time or for the kernel's status, which subshells make meaningless.
"""

import base64
import contextlib
import io
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import ElementHandle, Error, Locator, Page, sync_playwright

import tfwidget
from tests.kernels import NEWEST, UNWEDGE, spec_name

Json: TypeAlias = dict[str, Any]
Point: TypeAlias = tuple[float, float]

TIMEOUT = 30.0
HELPERS = (Path(__file__).parent / "helpers.js").read_text()
CHROMIUM = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NO_NEWS = {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True}


class Server:
    """JupyterLab as a process, with folders of its own: no setting of the user's reaches it.

    It loads the front end that was built beside the package under test, whatever else is installed.

    Parameters
    ----------
    folder
        Where everything of it lies: notebooks in ``folder/notebooks``, its log in ``folder/jupyterlab.log``.
    specs
        Folder written by `tests.kernels.write_specs`.
    disabled
        Extensions of JupyterLab that it must not load.
    """

    def __init__(self, folder: Path, specs: Path, disabled: Sequence[str] = ()) -> None:
        self.token = secrets.token_hex(16)
        self.notebooks = folder / "notebooks"
        self._log = folder / "jupyterlab.log"
        settings = folder / "settings"
        notices = settings / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
        page = folder / "config" / "labconfig" / "page_config.json"
        for path in (self.notebooks, notices.parent, page.parent):
            path.mkdir(parents=True)
        notices.write_text(json.dumps(NO_NEWS))
        page.write_text(json.dumps({"disabledExtensions": dict.fromkeys(disabled, True)}))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        command = [
            sys.executable,
            *("-m", "jupyterlab", "--no-browser", "--expose-app-in-browser", "--allow-root"),
            *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"),
            *(f"--IdentityProvider.token={self.token}", "--ServerApp.disable_check_xsrf=True"),
            *(f"--ServerApp.root_dir={self.notebooks}", "--ServerApp.open_browser=False"),
            *(f"--LabApp.user_settings_dir={settings}", f"--LabApp.workspaces_dir={folder / 'workspaces'}"),
            *("--LabApp.extension_manager=readonly", "--LabApp.news_url=None"),
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        ]
        jupyter = {f"JUPYTER_{name}_DIR": str(folder / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
        paths = os.pathsep.join(map(str, (_front_end(folder / "share"), specs)))
        environment = {**os.environ, **jupyter, "JUPYTER_PATH": paths, "JUPYTER_PLATFORM_DIRS": "1"}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        self._await_answer()

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def _await_answer(self, timeout: float = 60) -> None:
        deadline = time.monotonic() + timeout
        while True:
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                urllib.request.urlopen(f"{self.url}/api?token={self.token}", timeout=5).close()
                return
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.close()
                raise RuntimeError(f"JupyterLab did not come up\n{self.log[-3000:]}")
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(0.1)

    def close(self) -> None:
        """End the server and its kernels."""
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def _front_end(folder: Path) -> Path:
    """Make a folder for JUPYTER_PATH that holds the front end of the package under test, where it was built there."""
    built = Path(tfwidget.__file__).parent / "labextension"
    (folder / "labextensions").mkdir(parents=True)
    if built.exists():
        (folder / "labextensions" / "tfwidget").symlink_to(built)
    return folder


class Lab:
    """One page with JupyterLab in it.

    Attributes
    ----------
    page
        Playwright's page, for what has no helper here.
    console
        What the page logged as errors, and uncaught exceptions, since the test began.
    """

    def __init__(self, server: Server, page: Page) -> None:
        self.server = server
        self.page = page
        self.console: list[str] = []
        self.notebooks: list[Notebook] = []
        self._count = 0
        page.on("console", lambda message: self.console.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.console.append(f"uncaught: {error}"))
        page.set_default_timeout(TIMEOUT * 1000)
        page.add_init_script(HELPERS)
        self.load()

    def load(self, *, busy: bool = False) -> None:
        """Load JupyterLab, or load it again as F5 does: notebooks stay open, kernels go on, and may be `busy`."""
        self.page.goto(f"{self.server.url}/lab/workspaces/{secrets.token_hex(4)}?reset&token={self.server.token}")
        self.wait_for("() => window.jupyterapp?.restored.then(() => true)", timeout=90, what="JupyterLab in the page")
        for notebook in self.notebooks:
            self.show(notebook, busy=busy)

    def show(self, notebook: "Notebook", *, busy: bool = False) -> None:
        """Open a notebook in this page that is there already, perhaps in another page."""
        arguments = [notebook.path, spec_name(notebook.version), busy]
        self.js("([path, kernel, busy, unwedge]) => tests.open(path, kernel, busy, unwedge)", [*arguments, UNWEDGE])

    def open(self, cells: Sequence[str], version: str = NEWEST) -> "Notebook":
        """Open a new notebook with these code cells, on the kernel with that ipykernel."""
        self._count += 1
        path = f"test-{self._count}.ipynb"
        sources: list[Json] = [
            {
                "cell_type": "code",
                "id": f"cell-{i}",
                "metadata": {},
                "execution_count": None,
                "outputs": [],
                "source": c,
            }
            for i, c in enumerate(cells)
        ]
        spec = {"name": spec_name(version), "display_name": version, "language": "python"}
        document = {"cells": sources, "metadata": {"kernelspec": spec}, "nbformat": 4, "nbformat_minor": 5}
        (self.server.notebooks / path).write_text(json.dumps(document))
        notebook = Notebook(self, path, version)
        self.notebooks.append(notebook)
        self.show(notebook)
        return notebook

    def js(self, function: str, argument: object = None) -> Any:
        """Call a JavaScript function in the page, await its promise, return its value."""
        return self.page.evaluate(function, argument)

    def command(self, name: str, **arguments: object) -> None:
        """Run one of JupyterLab's commands to its end."""
        self.js("([name, args]) => jupyterapp.commands.execute(name, args).then(() => null)", [name, arguments])

    def wait_for(self, function: str, argument: object = None, timeout: float = TIMEOUT, what: str = "") -> Any:
        """Wait until a JavaScript function returns something true, and return that."""
        try:
            return self.page.wait_for_function(function, arg=argument, timeout=timeout * 1000).json_value()
        except Error as error:
            raise AssertionError(f"no sign of {what or function} within {timeout} s\n{self.report()}") from error

    def set_theme(self, dark: bool) -> None:
        """Switch JupyterLab to its dark or its light theme."""
        self.command("apputils:change-theme", theme="JupyterLab Dark" if dark else "JupyterLab Light")
        self.wait_for("dark => document.body.dataset.jpThemeLight === String(!dark)", dark, what="the theme")

    def screenshot(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=path)

    def report(self) -> str:
        """What is known about a failure: the page's errors, comm errors, cells' errors, the server's last words."""
        lines = [f"console: {text[:500]}" for text in self.console]
        for notebook in self.notebooks:
            with contextlib.suppress(Error):
                lines += [f"{notebook.path}: {text[-1500:]}" for text in (*notebook.comm_errors, *notebook.errors)]
        return "\n".join([*lines, f"server: {self.server.log[-1500:]}"])

    def reset(self) -> None:
        """Close every notebook, shut its kernel down, go back to the light theme."""
        while self.notebooks:
            self.notebooks[-1].close()
        if self.js("() => document.body.dataset.jpThemeLight") != "true":
            self.set_theme(dark=False)
        self.console.clear()


class Notebook:
    """One open notebook; cells are counted from 0."""

    def __init__(self, lab: Lab, path: str, version: str) -> None:
        self.lab = lab
        self.path = path
        self.version = version

    def start(self, cell: int) -> None:
        """Run a cell as Ctrl+Enter does, and return at once."""
        self.lab.js("([path, i]) => tests.start(path, i)", [self.path, cell])

    def done(self, cell: int) -> bool:
        """Whether the cell's last run has ended."""
        ended: bool = self.lab.js("([path, i]) => tests.book(path).runs[i]?.done", [self.path, cell])
        return ended

    def finish(self, cell: int, timeout: float = TIMEOUT, *, ok: bool = True) -> str:
        """Wait until the cell has ended, without an error if `ok`, and return its text."""
        ended = "([path, i]) => tests.book(path).runs[i]?.done && tests.book(path).runs[i]"
        run = self.lab.wait_for(ended, [self.path, cell], timeout, f"the end of cell {cell}")
        assert "error" not in run, f"JupyterLab did not run cell {cell}: {run['error']}"
        failures = [out for out in self.outputs(cell) if out["output_type"] == "error"]
        if ok and failures:
            raise AssertionError("\n".join(failures[0]["traceback"]) + "\n" + self.lab.report())
        return self.text(cell)

    def run(self, cell: int, timeout: float = TIMEOUT) -> str:
        """Run a cell to its end, which must be a good one, and return its text."""
        self.start(cell)
        return self.finish(cell, timeout)

    def outputs(self, cell: int) -> list[Json]:
        """The cell's outputs, as they would be saved."""
        outputs: list[Json] = self.lab.js("([path, i]) => tests.outputs(path, i)", [self.path, cell])
        return outputs

    def text(self, cell: int) -> str:
        """What the cell printed, and the plain text of its results."""
        return "".join(out.get("text") or out.get("data", {}).get("text/plain", "") for out in self.outputs(cell))

    def wait_for_text(self, cell: int, text: str, timeout: float = TIMEOUT) -> None:
        """Wait until the cell has printed `text`: how a test knows where a running cell is."""
        printed = "([path, i, text]) => JSON.stringify(tests.outputs(path, i)).includes(text)"
        self.lab.wait_for(printed, [self.path, cell, text], timeout, f"{text!r} in the output of cell {cell}")

    @property
    def comm_errors(self) -> list[str]:
        """Errors and stderr text of comm handlers, which no cell shows. The fixture fails a test that leaves some."""
        errors: list[str] = self.lab.js("path => tests.book(path)?.commErrors ?? []", self.path)
        return errors

    @property
    def errors(self) -> list[str]:
        """``"Name: message"`` of the cells that failed."""
        return self.lab.js("path => tests.errors(path)", self.path)  # type: ignore[no-any-return]

    def forgive(self) -> None:
        """Forget the comm errors so far: the test expected them."""
        self.lab.js("path => { tests.book(path).commErrors.length = 0 }", self.path)

    def evaluate(self, expression: str, *, live: bool = False) -> Any:
        """A JSON value from the kernel; `live` asks beside a running cell, over a new subshell."""
        return json.loads(
            self.lab.js("([path, e, live]) => tests.evaluate(path, e, live)", [self.path, expression, live])
        )

    def wait_until(self, expression: str, *, live: bool = False, timeout: float = TIMEOUT) -> None:
        """Ask the kernel, perhaps beside a running cell, until the expression is true there."""
        deadline = time.monotonic() + timeout
        while not self.evaluate(expression, live=live):
            assert time.monotonic() < deadline, f"{expression}: not within {timeout} s\n{self.lab.report()}"

    def received(self, since: int = 0) -> list[Json]:
        """What figures were sent, from the message number `since` on: as sent, without nodes; ``at`` says when."""
        return self.lab.js("([path, since]) => tests.book(path).received.slice(since)", [self.path, since])  # type: ignore[no-any-return]

    def said(self, kind: str) -> list[Json]:
        """What figures have said to the kernel in messages of this type, such as "ready"."""
        said = "([path, kind]) => tests.book(path).said.filter(({ type }) => type === kind)"
        return self.lab.js(said, [self.path, kind])  # type: ignore[no-any-return]

    def say(self, content: Json) -> None:
        """Send the kernel a message as the figure does that has spoken last."""
        self.lab.js("([path, content]) => tests.say(path, content)", [self.path, content])

    def interrupt(self) -> None:
        self.lab.js("path => tests.book(path).panel.sessionContext.session.kernel.interrupt()", self.path)

    def locator(self, selector: str) -> Locator:
        """Playwright's locator for elements of this notebook, such as ``button[title='Pause']``."""
        return self.lab.page.locator(f".jp-NotebookPanel[data-test='{self.path}']").locator(selector)

    def figure(self, index: int = 0, timeout: float = TIMEOUT) -> "Figure":
        """The notebook's index-th canvas, awaited until it is attached (not until it shows a picture)."""
        canvas = self.locator(Figure.SELECTOR).nth(index)
        canvas.wait_for(state="attached", timeout=timeout * 1000)
        return Figure(self.lab, canvas)

    @property
    def figure_count(self) -> int:
        return self.locator(Figure.SELECTOR).count()

    def save(self) -> Json:
        """Save as Ctrl+S does, and return the document."""
        self.lab.js("path => tests.book(path).panel.context.save()", self.path)
        document: Json = json.loads((self.lab.server.notebooks / self.path).read_text())
        return document

    def close(self) -> None:
        """Shut the kernel down, close the notebook without a question, delete its file."""
        if self in self.lab.notebooks:
            self.lab.notebooks.remove(self)
        self.lab.js("path => tests.close(path)", self.path)
        (self.lab.server.notebooks / self.path).unlink(missing_ok=True)


class Figure:
    """A Matplotlib canvas in the page. Positions are shares of its width and height, (0, 0) at the top left."""

    SELECTOR = ".jupyter-matplotlib-canvas-div > canvas:first-child"

    def __init__(self, lab: Lab, canvas: Locator) -> None:
        self.lab = lab
        self.canvas = canvas

    @property
    def paints(self) -> list[float]:
        """When the canvas was painted: seconds since the epoch, to compare with ``time.time()`` of the kernel."""
        times: list[float] = self.canvas.evaluate("canvas => canvas.tests?.paints ?? []")
        return times

    @property
    def shown(self) -> float | None:
        """When the canvas first had a picture (more than one colour), in seconds since the epoch."""
        when: float | None = self.canvas.evaluate("canvas => canvas.tests?.shown ?? null")
        return when

    def wait_until_shown(self, timeout: float = TIMEOUT) -> float:
        """Wait until there is a picture; returns when it came, in seconds since the epoch."""
        when = self.lab.wait_for("canvas => canvas.tests?.shown", self._element, timeout, "a picture")
        return float(when)

    def wait_for_paints(self, more: int = 1, timeout: float = TIMEOUT, since: int | None = None) -> float:
        """Wait until the canvas was painted `more` times again (since it had `since`), and return when."""
        count = (len(self.paints) if since is None else since) + more
        painted = "([canvas, count]) => canvas.tests?.paints[count - 1]"
        return float(self.lab.wait_for(painted, [self._element, count], timeout, f"{count} paints"))

    def pixels(self) -> NDArray[np.uint8]:
        """What the canvas shows: height x width x RGBA."""
        url: str = self.canvas.evaluate("canvas => canvas.toDataURL()")
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGBA"))

    def wait_for_change(self, before: NDArray[np.uint8], timeout: float = TIMEOUT) -> NDArray[np.uint8]:
        """Wait until the canvas shows another picture than `before`, and return it."""
        deadline = time.monotonic() + timeout
        while True:
            count = len(self.paints)  # before the pixels: a paint after them must end the wait
            now = self.pixels()
            if not np.array_equal(now, before):
                return now
            self.wait_for_paints(1, deadline - time.monotonic(), since=count)

    def wait_until_settled(self, quiet: float = 1.5, timeout: float = TIMEOUT) -> None:
        """Wait until nothing was painted for `quiet` seconds."""
        settled = "([canvas, quiet]) => tests.now() - (canvas.tests?.paints.at(-1) ?? tests.now()) > quiet"
        self.lab.wait_for(settled, [self._element, quiet], timeout, "a quiet canvas")

    def drag(self, start: Point, end: Point, moves: int = 6, *, release: bool = True) -> None:
        """Press the mouse at `start`, move it to `end`, release it there."""
        self.canvas.scroll_into_view_if_needed()
        mouse = self.lab.page.mouse
        mouse.move(*self._at(start))
        mouse.down()
        mouse.move(*self._at(end), steps=moves)
        if release:
            mouse.up()

    def scroll(self, at: Point, delta: float) -> None:
        """Turn the mouse's wheel over the canvas."""
        self.canvas.scroll_into_view_if_needed()
        self.lab.page.mouse.move(*self._at(at))
        self.lab.page.mouse.wheel(0, delta)

    def tool(self, tooltip: str) -> None:
        """Press the toolbar's button whose tooltip begins so: "Left button pans", "Zoom", "Reset", "Download"."""
        toolbar = self.canvas.locator("xpath=ancestor::*[contains(@class, 'jupyter-matplotlib-figure')][1]")
        toolbar.locator(f"button[title^='{tooltip}']").dispatch_event("click")

    def _at(self, place: Point) -> Point:
        box = self.canvas.bounding_box()
        assert box, "the canvas is not visible"
        return box["x"] + place[0] * box["width"], box["y"] + place[1] * box["height"]

    @property
    def _element(self) -> ElementHandle:
        return self.canvas.element_handle()


@contextlib.contextmanager
def opened(folder: Path, specs: Path, browser: str) -> Iterator[Lab]:
    """A JupyterLab and a browser page in it, both ended at the end."""
    server = Server(folder, specs)
    try:
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=browser, args=list(CHROMIUM))
            try:
                yield Lab(server, chromium.new_page(viewport={"width": 1280, "height": 1000}))
            finally:
                chromium.close()
    finally:
        server.close()
