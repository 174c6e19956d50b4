"""What the front end is tested with, made by Matplotlib: ``python -m tests.fixtures`` writes it.

Invariant: the files hold what the code makes today; a unit test compares them.
"""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tests.unit.scene_curve import Curve
from tests.unit.scene_page import Page
from tfwidget.artists.figure import FigureScene
from tfwidget.scene.protocol import SceneMessage

FOLDER = Path(__file__).parent.parent / "labextension" / "tests" / "fixtures"
Limits = tuple[float, float]

_LINEAR: tuple[tuple[Limits, list[float]], ...] = (
    ((0.0, 1.0), [0.0, 0.25, 1.0, -3.0, 7.5]),
    ((5.0, -5.0), [-5.0, 0.0, 4.9, 1e6]),
    ((1e9, 1e9 + 50.0), [1e9, 1e9 + 1.0, 1e9 + 49.5, 0.0]),
    ((-1e300, 1e300), [-1e300, 0.0, 3.3e299]),
    ((2e-30, 5e-30), [2e-30, 3.1e-30, 0.0]),
)
_LOG: tuple[tuple[Limits, list[float]], ...] = (
    ((0.01, 20.0), [0.01, 0.5, 20.0, 1e-9, 1e12]),
    ((1e5, 1e-3), [1.0, 1e5, 1e-3, 42.0]),
    ((0.9, 1.1), [0.95, 1.0, 0.0, -1.0]),
)
_SYMLOG: tuple[tuple[Limits, list[float]], ...] = (
    ((-1e3, 1e4), [-1e3, -2.0, -0.5, 0.0, 0.5, 2.0, 1e4]),
    ((10.0, -10.0), [-10.0, -1.0, 0.0, 0.3, 1.0, 10.0]),
    ((0.001, 0.1), [0.001, 0.05, 0.1]),
)


def transforms() -> list[dict[str, Any]]:
    """Data, and where Matplotlib puts them, in pixels from the figure's upper left corner."""
    cases: list[tuple[dict[str, Any], Limits, list[float]]] = [({"kind": "linear"}, *case) for case in _LINEAR]
    cases += [({"kind": "log", "base": base}, *case) for base in (10.0, 2.0, 2.718) for case in _LOG]
    cases += [
        ({"kind": "symlog", "base": base, "linthresh": linthresh, "linscale": linscale}, *case)
        for base, linthresh, linscale in ((10.0, 2.0, 1.0), (2.0, 0.01, 0.5), (10.0, 1e-6, 3.0))
        for case in _SYMLOG
    ]
    return [_case(scale, limits, values) for scale, limits, values in cases]


def _case(scale: dict[str, Any], limits: Limits, values: list[float]) -> dict[str, Any]:
    """Values across an axes and, the other way round, from its lower to its upper edge."""
    figure = Figure(figsize=(6.4, 3.6), dpi=123.0)
    FigureCanvasAgg(figure)
    ax = figure.add_axes((0.13, 0.21, 0.57, 0.61))
    options = {key: value for key, value in scale.items() if key != "kind"}
    ax.set(xlim=(1.0, 2.0), ylim=(1.0, 2.0))
    ax.set_xscale(scale["kind"], **options)
    ax.set_yscale(scale["kind"], **options)
    ax.set(xlim=limits, ylim=limits)
    height = float(figure.bbox.height)
    data = np.array([values, values[::-1]]).T
    pixels = ax.transData.transform(data)
    pixels[:, 1] = height - pixels[:, 1]
    axis = {"scale": scale, "limits": [float(limit) for limit in ax.get_xlim()]}
    left, bottom, width, tall = ax.bbox.bounds
    return {
        "box": [left, height - bottom - tall, width, tall],
        "x": axis,
        "y": axis,
        "data": data.tolist(),
        "pixels": pixels.tolist(),
    }


def recording() -> dict[str, Any]:
    """A keyframe and patches of a small figure, and the nodes that a page has after the last one."""
    figure = Figure(figsize=(3.2, 1.6), dpi=100.0)
    FigureCanvasAgg(figure)
    left, right = figure.add_axes((0.12, 0.2, 0.4, 0.6)), figure.add_axes((0.6, 0.2, 0.35, 0.7))
    left.set(xlim=(0.0, 10.0), ylim=(0.1, 10.0), yscale="log", title="loss")
    left.grid(True)
    curve = Curve(left, color="C0")
    curve.add((1e0, 5.0), (2e0, 3.0))
    text = left.text(0.02, 0.05, "step 2", transform=left.transAxes, fontsize=8)
    picture = right.imshow(np.arange(12.0).reshape(3, 4), interpolation="nearest", cmap="viridis")
    (marks,) = right.plot([0, 3], [0, 2], "rx")
    scene, page = FigureScene(figure), Page()
    messages: list[dict[str, Any]] = []

    def send(*, afresh: bool = False) -> None:
        body, buffer = scene.patch(afresh=afresh) or ({"nodes": [], "grown": [], "dropped": []}, b"")
        version = len(messages) + 1
        message: SceneMessage = {
            "type": "scene", "frame": version, "ack": True, "version": version, "base": None if afresh else version - 1,
            "size": [320, 160], "show": True, "handled": {}, **body, "updates": {},
        }  # fmt: skip
        assert page.apply(body, buffer, version=version, base=message["base"])
        messages.append({"message": message, "buffer": base64.b64encode(buffer).decode()})

    send(afresh=True)
    curve.add((3.0, 2.0), (4.0, float("nan")), (5.0, 1.0))
    text.set_text("step 5")
    send()
    picture.set_data(np.arange(12.0).reshape(3, 4)[::-1])
    left.set_xlim(0.0, 20.0)
    send()
    marks.remove()
    curve.replace((0.0, 1.0), (9.0, 2.0))
    send()
    return {"messages": messages, "nodes": {str(number): _listed(node) for number, node in page.nodes.items()}}


def _listed(node: dict[str, Any]) -> dict[str, Any]:
    """A node with its arrays as flat lists; NaN as null."""
    return {
        key: _listed(value) if isinstance(value, dict)
        else [None if value_ != value_ else value_ for value_ in value.ravel().tolist()]
        if isinstance(value, np.ndarray)
        else value
        for key, value in node.items()
    }  # fmt: skip


def files() -> dict[str, str]:
    """Contents, by name."""
    lines = ",\n".join(json.dumps(case) for case in transforms())
    return {"transforms.json": f"[\n{lines}\n]\n", "scene.json": json.dumps(recording(), allow_nan=False) + "\n"}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in files().items():
        (FOLDER / name).write_text(text)
