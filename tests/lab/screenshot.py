"""Makes README's picture: ``python -m tests.lab.screenshot [folder]``. It is the quickstart's first loop, paused.

Invariant: the picture shows what a user sees: nothing in it is drawn by anything but JupyterLab and the notebook.
"""

import json
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from tests.bootstrap import find_browser
from tests.kernels import NEWEST, write_specs
from tests.lab.harness import CHROMIUM, Lab, Server

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
PAUSE_AT = 6000
STEP = "__import__('tfwidget.session', fromlist=['current_run']).current_run().step"


def code_cells(notebook: Path) -> list[str]:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def take(lab: Lab, path: Path) -> None:
    """Run the quickstart as far as the middle of its first loop, pause there, and take its picture."""
    cells = code_cells(NOTEBOOKS / "01_quickstart.ipynb")
    loop = next(i for i, cell in enumerate(cells) if "tfwidget.live(" in cell)
    lab.command("application:toggle-left-area")
    notebook = lab.open(cells)
    for cell in range(loop):
        notebook.run(cell, 120)
    notebook.start(loop)
    figure = notebook.figure()
    figure.canvas.scroll_into_view_if_needed()  # what nobody sees is sent nothing
    figure.wait_until_shown()
    while notebook.evaluate(STEP, live=True) < PAUSE_AT:
        pass
    painted = len(figure.paints)
    notebook.locator("button:has-text('Pause')").click()
    notebook.locator(".tfw-paused").wait_for()
    figure.wait_for_paints(since=painted)
    figure.wait_until_settled()
    lab.page.mouse.move(0, 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    notebook.locator(".jp-Notebook-cell").nth(loop).screenshot(path=path)
    with Image.open(path) as picture:
        # Of some 2,500 colours so many are kept that no eye sees it, at a third of the bytes.
        kept = picture.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    kept.save(path, optimize=True)
    notebook.locator("button:has-text('Stop')").click()
    notebook.finish(loop, 60)


def main(folder: Path) -> None:
    browser = find_browser()
    if browser is None:
        sys.exit("no Chromium or Chrome: install one, or name one in TFWIDGET_BROWSER")
    with tempfile.TemporaryDirectory() as scratch:
        server = Server(Path(scratch, "lab"), write_specs(Path(scratch, "specs"), (NEWEST,)))
        try:
            with sync_playwright() as playwright:
                chromium = playwright.chromium.launch(executable_path=browser, args=list(CHROMIUM))
                page = chromium.new_page(viewport={"width": 1060, "height": 900}, device_scale_factor=2)
                take(Lab(server, page), folder / "quickstart.png")
                chromium.close()
        finally:
            server.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else NOTEBOOKS / "images")
