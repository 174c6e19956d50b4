import pytest

from tfwidget.errors import TensorError
from tfwidget.record.history import EVENTS, History
from tfwidget.record.series import CAPACITY


def test_history_is_a_mapping_in_the_order_of_first_appearance():
    history = History(capacity=64)
    history.extend("loss", [1, 2], [0.5, 0.25])
    history.extend("accuracy", [1], [0.1])
    history.extend("loss", [3], [0.125])
    assert list(history) == ["loss", "accuracy"]
    assert history["loss"].name == "loss"
    assert history["loss"].capacity == 64
    assert history["loss"].values.tolist() == [0.5, 0.25, 0.125]
    assert history.nbytes == history["loss"].nbytes + history["accuracy"].nbytes > 0
    assert "loss: 3 points" in repr(history)
    assert "3 points" in repr(history["loss"])
    history = History()
    history.extend("loss", [1], [0.5])
    assert history["loss"].capacity == CAPACITY
    with pytest.raises(KeyError):
        history["mae"]


def test_a_series_that_could_not_begin_is_not_there():
    history = History()
    with pytest.raises(TensorError):
        history.extend("loss", [1.5], [0.5])
    assert "loss" not in history


def test_the_newest_events_are_kept():
    history = History()
    for step in range(EVENTS + 10):
        history.events.append((step, "paused"))
    assert len(history.events) == EVENTS
    assert history.events[-1] == (EVENTS + 9, "paused")


def test_of_changes_by_hand_the_last_of_a_step_is_kept_and_its_step_marked():
    history = History()
    for step, value in ((3, 1), (3, 2), (3, 3), (4, 3)):
        history.note(step, f"rate = {value}", "rate")
    history.note(4, "paused")
    history.note(4, "size = 1", "size")
    assert list(history.events) == [(3, "rate = 3"), (4, "rate = 3"), (4, "paused"), (4, "size = 1")]
    assert list(history.marks) == [3, 4]
    for step in range(2 * EVENTS):
        history.note(10 + step, "rate = 1", "rate")
    assert len(history.marks) == EVENTS
