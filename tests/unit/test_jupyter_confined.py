"""Widgets whose messages are handled by the owner, whoever brings them."""

import contextvars
import threading
from collections.abc import Callable
from typing import Any

import pytest
from ipywidgets import Label
from ipywidgets.widgets import widget as ipywidget

from tfwidget.errors import UnsupportedError
from tfwidget.jupyter.confined import LIMIT, Confined, Guarded
from tfwidget.jupyter.owner import mailbox
from tfwidget.jupyter.receiver import receiver

cell = contextvars.ContextVar("cell", default="none")


class Comm:
    def __init__(self) -> None:
        self.comm_id = "id"


class Part:
    """A widget's layout or style."""

    def __init__(self) -> None:
        self.closed = False

    def close(self) -> None:
        self.closed = True


class Widget:
    """What of ipywidgets' Widget is mixed with."""

    def __init__(self) -> None:
        self.comm: Comm | None = None
        self._model_id: str | None = None
        self.layout = Part()
        self.handled: list[tuple[object, str, str]] = []
        self.told: list[str] = []
        self.value: object = None
        self.open()

    def open(self) -> None:
        self.comm = Comm()

    def close(self) -> None:
        self.comm = None

    def set_state(self, state: dict[str, object]) -> None:
        self.told.append(f"echo in {cell.get()}")
        self.value = state["value"]

    def send_state(self, name: str) -> None:
        self.told.append(f"{name} is {self.value}")

    def _handle_msg(self, message: dict[str, Any]) -> None:
        data = message["content"]["data"]
        self.handled.append((data, threading.current_thread().name, cell.get()))
        if "state" in data:
            self.set_state(data["state"])


class Ours(Confined, Widget):
    pass


class Slider(Guarded, Widget):
    def __init__(self) -> None:
        self.taken: list[object] = []
        super().__init__()

    def check(self, value: object) -> object:
        if not isinstance(value, int):
            raise ValueError("not a number")
        return 10 * value

    def heard(self, value: object) -> None:
        self.taken.append(value)


def tell(widget: Confined, data: object) -> None:
    """What a comm does with a message."""
    widget._handle_msg({"content": {"data": data}})


def elsewhere(call: Callable[..., object], *args: object, name: str = "elsewhere") -> None:
    thread = threading.Thread(target=call, args=args, name=name)
    thread.start()
    thread.join()


def made_in(where: str, make: Callable[[], Ours]) -> Ours:
    context = contextvars.copy_context()
    context.run(cell.set, where)
    return context.run(make)


def test_what_arrives_elsewhere_waits_for_the_owner() -> None:
    widget = Ours()
    elsewhere(tell, widget, {"n": 1})
    assert widget.handled == []
    mailbox.drain()
    assert widget.handled == [({"n": 1}, "MainThread", "none")]


def test_what_arrives_on_the_owner_thread_overtakes_nothing() -> None:
    widget, other = Ours(), Ours()
    elsewhere(tell, widget, {"n": 1})
    elsewhere(tell, other, {"n": 1})
    tell(widget, {"n": 2})
    assert [data for data, _, _ in widget.handled] == [{"n": 1}, {"n": 2}]
    assert len(other.handled) == 1


def test_handlers_run_in_the_context_of_the_cell_that_made_the_widget() -> None:
    widget = made_in("the first cell", Ours)
    tell(widget, {"n": 1})
    elsewhere(tell, widget, {"n": 2})
    mailbox.drain()
    assert [where for _, _, where in widget.handled] == ["the first cell"] * 2


def test_of_a_flood_the_newest_are_handled() -> None:
    widget = Ours()

    def flood() -> None:
        for number in range(LIMIT + 5):
            tell(widget, {"n": number})

    elsewhere(flood)
    mailbox.drain()
    assert [data for data, _, _ in widget.handled] == [{"n": number} for number in range(5, LIMIT + 5)]


def test_closed_it_takes_its_layout_along() -> None:
    widget = Ours()
    widget.close()
    assert widget.layout.closed
    assert widget.comm is None
    widget.close()


def test_an_ipywidgets_without_the_name_is_refused_with_what_to_install() -> None:
    class NewWidget:
        def open(self) -> None:
            self.comm = Comm()

    class Lost(Confined, NewWidget):
        pass

    with pytest.raises(UnsupportedError, match=r"no super\._handle_msg, .*; install ipywidgets 8\.1, or a newer"):
        tell(Lost(), {})


def test_of_values_that_arrive_during_one_step_the_last_is_taken_and_echoed_where_it_arrived() -> None:
    slider = Slider()

    def arrive(value: object) -> None:
        cell.set(f"message {value}")
        tell(slider, {"state": {"value": value}})

    for value in (1, 2, 3):
        elsewhere(arrive, value)
    mailbox.drain()
    assert slider.taken == [3]
    assert slider.value == 30
    assert slider.told == ["echo in message 3"]


@pytest.mark.parametrize("state", [{"max": 5}, {"value": "x"}, "value", None])
def test_a_browser_may_set_nothing_else(state: object) -> None:
    slider = Slider()
    tell(slider, {"state": state})
    assert slider.taken == []
    assert slider.value is None
    assert not any(text.startswith("echo") for text in slider.told)


def test_a_browser_is_told_the_value_when_its_own_makes_no_sense() -> None:
    slider = Slider()
    tell(slider, {"state": {"value": 4}})
    tell(slider, {"state": {"value": "x"}})
    assert slider.told == ["echo in none", "value is 40"]


def test_messages_are_taken_before_the_page_hears_of_the_widget(monkeypatch: pytest.MonkeyPatch) -> None:
    class Text(Confined, Label):
        pass

    order: list[tuple[str, str]] = []
    create = ipywidget.comm.create_comm

    def open_comm(**options: Any) -> object:
        order.append(("opened", options.get("comm_id", "")))
        return create(**options)

    monkeypatch.setattr(receiver, "take", lambda comm_id, handler: order.append(("taken", comm_id)))
    monkeypatch.setattr(ipywidget.comm, "create_comm", open_comm)
    text = Text()
    assert [one for one in order if one[1] == text.model_id] == [("taken", text.model_id), ("opened", text.model_id)]
    text.close()
