"""A kind of panel that a user writes in a cell: seen live, and what becomes of the others when one fails."""

import numpy as np

from tests.lab.harness import Lab
from tests.lab.test_scene import DRAWN, IMPORTS, off, seen, stop

KINDS = """
class Confusion(tfwidget.Panel):
    def build(self, ax, names=None):
        self.cells = ax.imshow([[0]], cmap="Blues")
        ax.set(xlabel="read as", ylabel="is a")
        if names:
            ax.set_xticks(range(len(names)), names)
            ax.set_yticks(range(len(names)), names)

    def show(self, value):
        self.cells.set_data(value.array)

class Raises(tfwidget.Panel):
    def build(self, ax): self.line, = ax.plot([], [])
    def show(self, value):
        self.line.set_data(range(value.array.size), value.array)
        self.limits(x=(0, value.array.size), y=(0, 1))
        if value.step % 300 > 150:
            raise ZeroDivisionError("every now and then")

class Unbuilt(tfwidget.Panel):
    def build(self, ax): ax.no_such_method()
    def show(self, value): pass

class Nonsense(tfwidget.Panel):
    def build(self, ax): pass
    def show(self, value): return "nonsense"
"""
LOOP = """
plot = tfwidget.LivePlot(figsize=(8.0, 5.0)); plot.show()
counts = np.zeros((4, 4))
for step in tfwidget.live(range(100_000), plot=plot):
    time.sleep(0.002)
    counts[rng.integers(4), rng.integers(4)] += 1
    tfwidget.log(loss=np.exp(-step / 500), confusion=Confusion(counts, names=["cat", "dog", "cow", "elk"]))
    tfwidget.log(raises=Raises(rng.random(9)), unbuilt=Unbuilt([1.0, 2.0]), nonsense=Nonsense([1.0, 2.0]))
"""
TEXTS = "[text.get_text() for text in plot.figure.texts if text.get_visible()]"


def test_a_kind_of_one_s_own_is_streamed_and_those_that_fail_say_so_in_their_place(lab: Lab) -> None:
    notebook = lab.open([IMPORTS + KINDS, LOOP])
    notebook.run(0)
    notebook.start(1)
    figure = notebook.figure()
    figure.canvas.scroll_into_view_if_needed()
    figure.wait_for_paints(30, since=0)
    assert seen(notebook) == "scene"
    notebook.wait_until(f"any('every now and then' in text for text in {TEXTS})", live=True)
    texts = " ".join(notebook.evaluate(TEXTS, live=True))
    assert "no_such_method" in texts
    assert "Nonsense.show returned str" in texts
    notebook.wait_until(f"not any('every now and then' in text for text in {TEXTS})", live=True)
    first = figure.pixels()
    figure.wait_for_paints(10)
    assert off(first, figure.pixels()).any(), "it moves"
    notebook.locator("button:has-text('Pause')").click()
    notebook.locator(".tfw-badge.tfw-paused").wait_for()
    figure.wait_until_settled()
    np.testing.assert_array_equal(figure.pixels(), np.array(notebook.evaluate(DRAWN, live=True), np.uint8))
    notebook.locator("button:has-text('Resume')").click()
    notebook.locator(".tfw-badge.tfw-running").wait_for()
    stop(notebook, 1)
    assert notebook.evaluate("plot.run.state") == "stopped"
    assert notebook.comm_errors == []
