"""What is taken on the shell channel's thread, and what goes on to ipykernel: a fake kernel, and real messages."""

import logging
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import pytest
import zmq
from comm.base_comm import BaseComm, CommManager
from jupyter_client.session import Session

from tfwidget.errors import UnsupportedError
from tfwidget.jupyter.mailbox import Mailbox
from tfwidget.jupyter.receiver import Receiver

CONTROL = "jupyter.widget.control"


class Loop:
    def add_callback(self, call: Callable[..., object], *args: object, **options: object) -> None:
        call(*args, **options)


class Stream:
    """The shell stream: `callback` is who receives."""

    def __init__(self) -> None:
        self.callback: Callable[[list[zmq.Frame]], object] | None = None
        self.installed = 0

    def on_recv(self, callback: Callable[[list[zmq.Frame]], object], copy: bool = True) -> None:
        assert not copy
        self.callback = callback
        self.installed += 1


class Published:
    """The iopub socket."""

    def __init__(self) -> None:
        self.parts: list[list[bytes]] = []

    def send_multipart(self, parts: list[bytes], **_options: object) -> None:
        self.parts.append(list(parts))


class Thread:
    def __init__(self) -> None:
        self.io_loop = Loop()


class Comm(BaseComm):
    def publish_msg(self, msg_type: str, *_args: object, **_keys: object) -> None:
        pass


class Manager(CommManager):
    """Opens comms without a kernel."""

    def comm_open(self, stream: Any, ident: Any, msg: dict[str, Any]) -> None:
        content = msg["content"]
        comm = Comm(comm_id=content["comm_id"], primary=False, target_name=content["target_name"])
        self.register_comm(comm)
        self.targets[content["target_name"]](comm, msg)


class Kernel:
    """An ipykernel with a shell channel, as far as the receiver knows one."""

    ident = "id"

    def __init__(self) -> None:
        self.session = Session(key=b"secret")
        self.shell_channel_thread = Thread()
        self.shell_stream = Stream()
        self.iopub_socket = Published()
        self.comm_manager = Manager()
        self.log = logging.getLogger("test of the receiver")
        self._shell_parent: ContextVar[dict[str, Any]] = ContextVar("shell_parent")
        self.passed_on: list[list[zmq.Frame]] = []

    def shell_channel_thread_main(self, raw: list[zmq.Frame]) -> str:
        self.passed_on.append(raw)
        return "to be awaited"

    def get_parent(self) -> dict[str, Any]:
        return self._shell_parent.get({})


class Page:
    """The browser's side of a kernel."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.session = Session(key=b"secret")

    def message(self, kind: str, content: dict[str, Any], *, buffers: tuple[bytes, ...] = ()) -> list[zmq.Frame]:
        parts = self.session.serialize(self.session.msg(kind, content), ident=b"page")
        return [zmq.Frame(part) for part in (*parts, *buffers)]

    def send(self, kind: str, content: dict[str, Any], *, buffers: tuple[bytes, ...] = ()) -> object:
        return self.send_raw(self.message(kind, content, buffers=buffers))

    def send_raw(self, raw: list[zmq.Frame]) -> object:
        assert self.kernel.shell_stream.callback is not None
        return self.kernel.shell_stream.callback(raw)

    def statuses(self) -> list[tuple[str, str]]:
        """What the kernel has said of its state, and in answer to which type of message."""
        found = []
        for parts in self.kernel.iopub_socket.parts:
            message = self.session.deserialize(self.session.feed_identities(parts)[1])
            found.append((message["content"]["execution_state"], message["parent_header"]["msg_type"]))
        return found


@pytest.fixture
def kernel() -> Kernel:
    return Kernel()


@pytest.fixture
def page(kernel: Kernel) -> Page:
    return Page(kernel)


class Bench:
    def __init__(self, kernel: Kernel) -> None:
        self.errors: list[Exception] = []
        self.mailbox = Mailbox(lambda: None, self.errors.append)
        self.receiver = Receiver(self.mailbox)
        self.receiver.install(kernel)
        self.heard: list[dict[str, Any]] = []
        self.receiver.take("ours", self.heard.append)


@pytest.fixture
def bench(kernel: Kernel) -> Bench:
    return Bench(kernel)


def test_our_messages_are_taken_with_all_they_bring(bench: Bench, page: Page, kernel: Kernel) -> None:
    page.send("comm_msg", {"comm_id": "ours", "data": {"n": 1}}, buffers=(b"one", b"two"))
    [message] = bench.heard
    assert message["content"]["data"] == {"n": 1}
    assert [bytes(buffer) for buffer in message["buffers"]] == [b"one", b"two"]
    assert kernel.passed_on == []


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("comm_msg", {"comm_id": "theirs", "data": {}}),
        ("comm_open", {"comm_id": "new", "target_name": "jupyter.widget", "data": {}}),
        ("comm_close", {"comm_id": "theirs", "data": {}}),
        ("execute_request", {"code": "1"}),
        ("kernel_info_request", {}),
        ("comm_msg", {}),
        ("comm_open", {"comm_id": "new"}),
    ],
)
def test_all_others_go_on_untouched(
    bench: Bench, page: Page, kernel: Kernel, kind: str, content: dict[str, Any]
) -> None:
    raw = page.message(kind, content)
    assert page.send_raw(raw) == "to be awaited"
    assert kernel.passed_on == [raw]
    _, parts = kernel.session.feed_identities(kernel.passed_on[0], copy=False)
    assert kernel.session.deserialize(parts, copy=False)["content"] == content, "its signature had been used up"
    assert page.statuses() == []
    assert not bench.mailbox


@pytest.mark.parametrize("raw", [[], [zmq.Frame(b"stop aborting")], [zmq.Frame(b"<IDS|MSG>"), zmq.Frame(b"x")]])
def test_what_is_no_message_goes_on(bench: Bench, page: Page, kernel: Kernel, raw: list[zmq.Frame]) -> None:
    page.send_raw(raw)
    assert kernel.passed_on == [raw]


def test_a_forged_message_is_not_heard(bench: Bench, page: Page, kernel: Kernel) -> None:
    forger = Page(kernel)
    forger.session.key = b"another"
    forger.send("comm_msg", {"comm_id": "ours", "data": {}})
    assert bench.heard == []
    assert len(kernel.passed_on) == 1


def test_a_repeated_message_is_heard_once(bench: Bench, page: Page) -> None:
    raw = page.message("comm_msg", {"comm_id": "ours", "data": {}})
    page.send_raw(raw)
    page.send_raw(raw)
    assert len(bench.heard) == 1


def test_a_browser_hears_that_its_message_was_taken(bench: Bench, page: Page) -> None:
    """Before that, ipywidgets sends no further change of a trait, and JupyterLab keeps the message."""
    page.send("comm_msg", {"comm_id": "ours", "data": {}})
    assert page.statuses() == [("idle", "comm_msg")]


def test_an_error_is_logged_and_stops_nothing(
    bench: Bench, page: Page, kernel: Kernel, caplog: pytest.LogCaptureFixture
) -> None:
    bench.receiver.take("broken", lambda message: 1 / 0)
    page.send("comm_msg", {"comm_id": "broken", "data": {}})
    page.send("comm_msg", {"comm_id": "ours", "data": {}})
    assert "could not hand over" in caplog.text
    assert len(bench.heard) == 1
    assert page.statuses() == [("idle", "comm_msg")] * 2


def test_what_is_sent_in_answer_answers_the_message(bench: Bench, page: Page, kernel: Kernel) -> None:
    parents = []
    bench.receiver.take("ours", lambda message: parents.append(kernel.get_parent()))
    page.send("comm_msg", {"comm_id": "ours", "data": {}})
    assert [parent["content"]["comm_id"] for parent in parents] == ["ours"]
    assert kernel.get_parent() == {}


def test_a_comm_that_is_left_is_ipykernels_again(bench: Bench, page: Page, kernel: Kernel) -> None:
    bench.receiver.leave("ours")
    bench.receiver.leave("unknown")
    page.send("comm_msg", {"comm_id": "ours", "data": {}})
    assert bench.heard == []
    assert len(kernel.passed_on) == 1


def test_a_page_that_closes_our_comm_is_heard_in_its_turn(bench: Bench, page: Page, kernel: Kernel) -> None:
    kernel.comm_manager.register_comm(Comm(comm_id="ours", primary=False))
    page.send("comm_close", {"comm_id": "ours", "data": {}})
    assert "ours" in kernel.comm_manager.comms
    bench.mailbox.drain()
    assert "ours" not in kernel.comm_manager.comms


def test_who_asks_for_the_state_of_all_widgets_is_answered_by_the_owner_in_order(
    bench: Bench, page: Page, kernel: Kernel
) -> None:
    seen: list[object] = []

    def opened(comm: BaseComm, message: dict[str, Any]) -> None:
        seen.append("opened")
        comm.on_msg(lambda message: seen.append((message["content"]["data"], kernel.get_parent()["msg_type"])))
        comm.on_close(lambda message: seen.append("closed"))

    kernel.comm_manager.register_target(CONTROL, opened)
    page.send("comm_open", {"comm_id": "control", "target_name": CONTROL, "data": {}})
    page.send("comm_msg", {"comm_id": "control", "data": "states?"})
    page.send("comm_close", {"comm_id": "control", "data": {}})
    assert seen == []
    bench.mailbox.drain()
    assert seen == ["opened", ("states?", "comm_msg"), "closed"]
    assert kernel.passed_on == []
    page.send("comm_msg", {"comm_id": "control", "data": "more"})
    assert len(kernel.passed_on) == 1


def test_a_flood_of_such_questions_is_bounded(bench: Bench, page: Page, kernel: Kernel) -> None:
    kernel.comm_manager.register_target(CONTROL, lambda comm, message: None)
    page.send("comm_open", {"comm_id": "control", "target_name": CONTROL, "data": {}})
    for _ in range(1000):
        page.send("comm_msg", {"comm_id": "control", "data": "states?"})
    assert bench.mailbox.drain() <= 100
    assert bench.errors == []


def test_installed_again_it_changes_nothing(bench: Bench, kernel: Kernel) -> None:
    bench.receiver.install(kernel)
    assert kernel.shell_stream.installed == 1


def test_uninstalled_the_kernel_receives_by_itself_and_installed_again_what_was_taken_is_taken(
    bench: Bench, page: Page, kernel: Kernel
) -> None:
    bench.receiver.uninstall()
    bench.receiver.uninstall()
    assert kernel.shell_stream.callback == kernel.shell_channel_thread_main
    bench.receiver.install(kernel)
    page.send("comm_msg", {"comm_id": "ours", "data": {}})
    assert len(bench.heard) == 1


class OldKernel:
    """ipykernel 6, which has no shell channel."""


@pytest.mark.parametrize("kernel", [None, OldKernel()])
def test_without_a_shell_channel_nothing_is_installed(kernel: object) -> None:
    receiver = Receiver(Mailbox(lambda: None, lambda error: None))
    receiver.install(kernel)
    receiver.uninstall()


@pytest.mark.parametrize("name", ["shell_channel_thread_main", "shell_stream", "_shell_parent"])
def test_a_shell_channel_that_is_not_known_is_refused_with_what_to_install(name: str) -> None:
    class NewKernel(Kernel):
        def __getattribute__(self, asked: str) -> Any:
            if asked == name:
                raise AttributeError(asked)
            return super().__getattribute__(asked)

    with pytest.raises(UnsupportedError, match=rf"NewKernel\.{name}, .* install 'ipykernel>=7\.1,<7\.5', or a newer"):
        Receiver(Mailbox(lambda: None, lambda error: None)).install(NewKernel())
