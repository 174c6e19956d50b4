"""The sender as plain logic: what is sent, when, and to whom, with fake pages and a simulated network."""

import heapq
import itertools
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from tests.unit.clock import Clock
from tfwidget.canvas.flow import MIN_TIMEOUT, RATE, Limit
from tfwidget.canvas.sender import (
    ASK_INTERVAL,
    DRAG_TIMEOUT,
    KEYFRAME_RATE,
    MAX_LOSSES,
    MAX_WINDOW,
    MIN_WINDOW,
    PROMPT,
    QUIET,
    Kind,
    Sender,
    Sent,
)


def new_sender(*pages: str, has_scene: bool = True, rate: float = 1e6) -> tuple[Sender, Clock]:
    """A sender that has shown its pages what there is."""
    clock = Clock()
    sender = Sender(Limit(rate, rate, clock=clock), has_scene=has_scene, clock=clock)
    for page in pages:
        sender.introduce(page, paints=True, visible=True)
    if pages:
        assert send(sender) == ["keyframe"]
        clock.now += PROMPT
        for page in pages:
            sender.acknowledged(page, sender.frame)
    return sender, clock


def send(sender: Sender) -> list[Kind]:
    """Send what may be sent now."""
    kinds: list[Kind] = []
    while (kind := sender.next()) is not None:
        kinds.append(kind)
        sender.send(kind)
    return kinds


def change(sender: Sender) -> list[Kind]:
    sender.changed()
    return send(sender)


def change_often(sender: Sender, times: int = 2 * MAX_WINDOW) -> list[Kind]:
    """Change it many times at once; what was sent."""
    return [kind for _ in range(times) for kind in change(sender)]


# -- what is sent ------------------------------------------------------------------------------------------------------


def test_a_page_gets_a_keyframe_then_patches_and_nothing_where_nothing_changes() -> None:
    sender, clock = new_sender()
    assert sender.next() is None
    sender.introduce("page", paints=True, visible=True)
    assert sender.next() == "keyframe"
    first = sender.send("keyframe")
    assert first == Sent(number=1, ask=True, at=clock.now, version=1, base=None)
    assert sender.next() is None
    sender.changed()
    assert sender.next() == "patch"
    assert sender.send("patch") == Sent(number=2, ask=False, at=clock.now, version=2, base=1)


def test_a_figure_without_a_scene_is_shown_by_pictures() -> None:
    sender, _ = new_sender(has_scene=False)
    sender.introduce("page", paints=True, visible=True)
    assert not sender.streams
    assert send(sender) == ["picture"]
    sender.acknowledged("page", 1)
    assert send(sender) == []
    assert change(sender) == ["picture"]


def test_a_still_figure_gets_a_patch_and_then_a_picture_and_goes_on_with_patches() -> None:
    sender, _ = new_sender("page")
    sender.still = True
    assert change(sender) == ["patch", "picture"]
    sender.acknowledged("page", sender.frame)
    assert send(sender) == []
    sender.still = False
    assert send(sender) == ["patch"], "the scene is to be seen again"


def test_a_figure_that_gets_still_without_a_change_needs_its_picture_only() -> None:
    sender, _ = new_sender("page")
    sender.still = True
    assert send(sender) == ["picture"]


def test_asking_changes_nothing() -> None:
    sender, clock = new_sender("page")
    change_often(sender)
    clock.now += 10.0
    sender.changed()
    before = [sender.ready(), sender.next(), sender.due(), sender.window, sender.owes_scene]
    for _ in range(3):
        assert [sender.ready(), sender.next(), sender.due(), sender.window, sender.owes_scene] == before
    assert sender.expire(), "nobody had noticed before that frames are missed"


def test_what_cannot_be_made_is_not_tried_again_until_something_changes() -> None:
    sender, _ = new_sender("page")
    sender.changed()
    assert sender.next() == "patch"
    sender.give_up()
    assert sender.next() is None
    sender.wants_keyframe("page")
    assert sender.next() is None
    sender.changed()
    assert sender.next() == "keyframe"


def test_a_handled_message_is_told_though_nothing_of_the_scene_changes() -> None:
    sender, _ = new_sender("page")
    sender.hear("page", 3)
    assert sender.owes_scene
    assert send(sender) == ["patch"]
    assert not sender.owes_scene
    sender.hear("page", 2)
    assert send(sender) == [], "an older one is no news"


def test_updates_of_widgets_call_for_a_patch() -> None:
    sender, _ = new_sender("page")
    sender.has_updates = True
    assert sender.next() == "patch"


def test_no_picture_is_drawn_while_a_person_drags() -> None:
    sender, clock = new_sender("page")
    sender.still = True
    change(sender)
    sender.acknowledged("page", sender.frame)
    for _ in range(3):
        sender.hold_picture(True)
        assert change(sender) == ["patch"]
        sender.acknowledged("page", sender.frame)
        clock.now += 0.05
    sender.hold_picture(False)
    assert change(sender) == ["patch", "picture"]
    sender.acknowledged("page", sender.frame)
    sender.hold_picture(True)
    assert change(sender) == ["patch"]
    sender.acknowledged("page", sender.frame)
    assert sender.due() == pytest.approx(clock.now + QUIET) or sender.due() == pytest.approx(clock.now + DRAG_TIMEOUT)
    clock.now += DRAG_TIMEOUT
    assert send(sender) == ["picture"], "the page may have gone in the midst of a drag"


# -- the window --------------------------------------------------------------------------------------------------------


def test_the_window_opens_by_prompt_acknowledgements_and_closes_by_late_ones() -> None:
    sender, clock = new_sender("page")
    sizes = []
    for _ in range(5):
        sizes.append(len(change_often(sender)))
        sender.acknowledged("page", sender.frame)
    assert sizes == [2, 4, 8, MAX_WINDOW, MAX_WINDOW]
    for _ in range(2):
        change_often(sender)
        clock.now += PROMPT
        sender.acknowledged("page", sender.frame)
    assert sender.window == MAX_WINDOW // 4
    for _ in range(3):
        change_often(sender)
        clock.now += 10.0
        assert sender.expire()
    assert sender.window == MIN_WINDOW


def test_an_acknowledgement_is_asked_for_once_in_half_a_window_or_after_a_while() -> None:
    sender, clock = new_sender("page")
    while sender.window < MAX_WINDOW:
        change_often(sender)
        sender.acknowledged("page", sender.frame)
    asked = []
    for _ in range(4 * MAX_WINDOW):
        sender.changed()
        assert sender.next() == "patch"
        asked.append(sender.send("patch").ask)
        if asked[-1]:
            sender.acknowledged("page", sender.frame)
    assert sum(asked) == 8
    clock.now += ASK_INTERVAL
    assert sender.send("patch").ask


def test_a_picture_waits_for_what_is_in_flight_and_all_wait_for_it() -> None:
    sender, _ = new_sender("page")
    change_often(sender)
    sender.still = True
    assert change(sender) == []
    sender.acknowledged("page", sender.frame)
    assert change(sender) == ["patch", "picture"]
    assert not sender.ready()
    assert change(sender) == []
    sender.acknowledged("page", sender.frame)
    assert sender.ready()


def test_frames_that_nobody_acknowledges_are_not_waited_for() -> None:
    sender, clock = new_sender("page")
    assert change(sender) == ["patch"]
    clock.now += 10.0
    assert not sender.expire(), "it did not ask"
    assert sender.ready()


# -- losses ------------------------------------------------------------------------------------------------------------


def test_a_frame_that_is_not_acknowledged_in_time_is_followed_by_a_keyframe() -> None:
    sender, clock = new_sender("page")
    change_often(sender)
    assert not sender.ready()
    due = sender.due()
    assert due is not None
    clock.now = due - 0.01
    assert not sender.expire()
    clock.now = due + 0.01
    assert sender.ready(), "as it will be when the time-out was noticed"
    assert sender.expire()
    assert send(sender) == ["keyframe"]


def test_the_quiet_figure_of_a_last_frame_that_did_not_ask_sends_one_sync() -> None:
    sender, clock = new_sender("page")
    assert change(sender) == ["patch"]
    due = sender.due()
    assert due == pytest.approx(clock.now + QUIET)
    clock.now += QUIET
    assert send(sender) == ["sync"]
    sender.acknowledged("page", sender.frame)
    clock.now += 100.0
    assert send(sender) == []
    assert sender.due() is None


def test_a_sync_that_is_lost_is_a_loss() -> None:
    sender, clock = new_sender("page")
    change(sender)
    clock.now += QUIET
    assert send(sender) == ["sync"]
    clock.now += 1.0
    assert sender.expire()
    assert send(sender) == ["keyframe"]


def test_a_page_that_finds_a_gap_gets_a_keyframe_but_not_as_often_as_it_asks() -> None:
    sender, clock = new_sender("page")
    keyframes = 0
    for _ in range(1000):
        clock.now += 0.01
        sender.wants_keyframe("page")
        sender.wants_keyframe("nobody")
        keyframes += change(sender).count("keyframe")
    assert keyframes == pytest.approx(10.0 * KEYFRAME_RATE, abs=2)


def test_a_page_that_cannot_paint_what_it_gets_is_not_sent_the_same_for_ever() -> None:
    sender, clock = new_sender("page")
    change_often(sender)
    sent: list[Kind] = []
    for _ in range(20):
        sender.acknowledged("page", sender.frame, failed=True)
        clock.now += 1 / KEYFRAME_RATE
        sent += send(sender)
    assert sent == ["keyframe"] * MAX_LOSSES
    assert change(sender) == ["keyframe"], "but what has changed is worth another try"
    sender.acknowledged("page", sender.frame)
    assert change(sender) == ["patch"]


def test_an_old_failure_says_nothing_about_what_was_sent_since() -> None:
    sender, clock = new_sender("page")
    change_often(sender)
    failed = sender.frame
    clock.now += 1 / KEYFRAME_RATE
    sender.acknowledged("page", failed - 1, failed=True)
    sender.acknowledged("page", failed, failed=True)
    assert send(sender) == ["keyframe"]
    sender.acknowledged("page", sender.frame)
    sender.acknowledged("page", failed, failed=True)
    assert send(sender) == []


def test_a_page_that_is_only_slow_is_waited_for_longer_the_next_time() -> None:
    sender, clock = new_sender("page")
    losses = []
    for _ in range(20):
        change_often(sender)
        frame = sender.frame
        clock.now += 0.7
        losses.append(sender.expire())
        sender.acknowledged("page", frame)
        send(sender)
        sender.acknowledged("page", sender.frame)
    assert losses[0]
    assert not any(losses[10:])


@pytest.mark.parametrize("frame", [0, 10**6])
@pytest.mark.parametrize("failed", [True, False])
def test_an_acknowledgement_of_no_frame_is_ignored(frame: int, failed: bool) -> None:
    sender, _ = new_sender("page")
    change_often(sender)
    sender.acknowledged("page", frame, failed=failed)
    assert not sender.ready()
    assert sender.next() is None


# -- several pages -----------------------------------------------------------------------------------------------------


def test_a_frame_is_waited_for_until_all_that_watch_have_acknowledged_it() -> None:
    sender, _ = new_sender("one", "other")
    change_often(sender)
    sender.acknowledged("one", sender.frame)
    assert not sender.ready()
    sender.acknowledged("elsewhere", sender.frame)
    assert not sender.ready(), "a page without a view has no say"
    sender.acknowledged("other", sender.frame)
    assert sender.ready()


def test_a_page_that_never_answers_blocks_the_others_once_and_costs_a_few_keyframes() -> None:
    sender, clock = new_sender("one", "silent")
    kinds: list[Kind] = []
    blocked = 0.0
    for _ in range(2000):
        clock.now += 0.01
        sender.expire()
        kinds += change(sender)
        blocked += 0.0 if sender.ready() else 0.01
        sender.acknowledged("one", sender.frame)
    assert kinds.count("keyframe") == MAX_LOSSES
    assert blocked < 2 * MIN_TIMEOUT
    sender.hear("silent")
    assert change(sender) == ["keyframe"], "it has come back"
    sender.acknowledged("one", sender.frame)
    assert len(change_often(sender)) < MAX_WINDOW, "and is waited for again"
    assert not sender.ready()


def test_a_page_that_comes_late_makes_a_keyframe_for_all_and_is_not_waited_for_before() -> None:
    sender, clock = new_sender("one")
    change_often(sender)
    sender.acknowledged("one", sender.frame)
    clock.now += 1 / KEYFRAME_RATE
    sender.introduce("late", paints=True, visible=True)
    assert send(sender) == ["keyframe"]
    sender.introduce("late", paints=True, visible=True)
    assert send(sender) == [], "another view of it"


def test_what_one_page_cannot_paint_agg_draws_for_all_while_it_watches() -> None:
    sender, _ = new_sender("one")
    sender.introduce("old", paints=False, visible=True)
    assert not sender.streams
    assert change(sender) == ["picture"]
    assert not sender.wants_full_picture
    for page in ("one", "old"):
        sender.acknowledged(page, sender.frame)
    sender.note_visible("old", False)
    assert sender.streams
    assert change(sender) == ["patch"]
    sender.acknowledged("one", sender.frame)
    sender.note_visible("old", True)
    assert send(sender) == ["picture"]


def test_a_page_without_the_picture_before_needs_a_whole_one() -> None:
    sender, _ = new_sender(has_scene=False)
    assert change(sender) == ["picture"]
    sender.introduce("page", paints=False, visible=True)
    assert sender.wants_full_picture
    send(sender)
    sender.acknowledged("page", sender.frame)
    assert not sender.wants_full_picture
    change(sender)
    sender.acknowledged("page", sender.frame, failed=True)
    assert sender.wants_full_picture


# -- out of sight ------------------------------------------------------------------------------------------------------


def test_nothing_is_sent_while_nobody_sees_it_and_what_is_new_as_soon_as_somebody_does() -> None:
    sender, clock = new_sender("page")
    sender.note_visible("page", False)
    assert change(sender) == []
    assert not sender.ready()
    clock.now += 100.0
    assert not sender.expire()
    assert sender.due() is None
    sender.note_visible("page", True)
    assert send(sender) == ["patch"]


def test_a_page_that_is_seen_again_is_asked_whether_it_has_all() -> None:
    sender, _ = new_sender("page")
    sender.note_visible("page", False)
    sender.note_visible("page", True)
    assert send(sender) == ["sync"]


def test_nobody_waits_for_a_page_that_went_out_of_sight() -> None:
    sender, _ = new_sender("one", "other")
    change_often(sender)
    sender.acknowledged("one", sender.frame)
    sender.note_visible("other", False)
    assert sender.ready()


def test_what_a_page_says_of_its_visibility_before_it_has_a_view_is_no_view() -> None:
    sender, _ = new_sender()
    sender.note_visible("page", True)
    assert len(sender.pages) == 0


# -- the kernel's limit ------------------------------------------------------------------------------------------------


def test_all_figures_share_one_limit() -> None:
    clock = Clock()
    limit = Limit(clock=clock)
    senders = [Sender(limit, has_scene=True, clock=clock) for _ in range(40)]
    for sender in senders:
        sender.introduce("page", paints=True, visible=True)
    counts = [0] * len(senders)
    for _ in range(1000):
        clock.now += 0.01
        for number, sender in enumerate(senders):
            counts[number] += len(change(sender))
            sender.acknowledged("page", sender.frame)
        random.Random(0).shuffle(senders)
    assert sum(counts) <= 10 * RATE + 100
    assert sum(counts) >= 9 * RATE


def test_what_waits_for_the_limit_is_due_when_it_allows_it() -> None:
    sender, clock = new_sender("page", rate=10.0)
    while sender.ready():
        change(sender)
        sender.acknowledged("page", sender.frame)
    sender.changed()
    assert sender.next() is None
    due = sender.due()
    assert due is not None
    clock.now = due + 1e-6
    assert sender.next() == "patch"


# -- a simulated network -----------------------------------------------------------------------------------------------


@dataclass
class Message:
    kind: Kind
    sent: Sent
    state: int
    show: bool
    full: bool
    before: int


@dataclass
class FakePage:
    """A page that paints what it gets, as the front end does."""

    name: str
    paints: bool = True
    answers: bool = True
    visible: bool = True
    version: int = 0
    scene: int = -1
    picture: int = -1
    picture_number: int = 0
    shows_scene: bool = False
    asked_at: float = -math.inf
    born: float = 0.0
    carried: int = 0

    @property
    def seen(self) -> int:
        return self.scene if self.shows_scene else self.picture

    def receive(self, message: Message, now: float) -> list[tuple[str, int]]:
        """Paint a message; what the page says then."""
        sent = message.sent
        if message.kind == "picture":
            # Over another picture than the one before, what differs leaves pixels behind.
            if message.full or self.picture_number == message.before:
                self.picture, self.picture_number = message.state, sent.number
            else:
                self.picture_number = -1
            self.shows_scene = False
        elif not self.paints:
            return [("frame_ack", sent.number)] if sent.ask else []
        elif message.kind == "sync":
            if self.version != sent.version:
                return self.ask(now)
        elif message.kind == "patch" and self.version != sent.base:
            return self.ask(now)
        else:
            self.version, self.scene = sent.version, message.state
            if message.show:
                self.shows_scene = True
        return [("frame_ack", sent.number)] if sent.ask else []

    def ask(self, now: float) -> list[tuple[str, int]]:
        if now - self.asked_at < 0.1:
            return []
        self.asked_at = now
        return [("keyframe", 0)]


@dataclass
class World:
    """A kernel with one figure, pages, and a server between them that drops messages."""

    random: random.Random
    delay: float
    drop_every: int = 0
    has_scene: bool = True
    clock: Clock = field(default_factory=Clock)
    state: int = 0
    since: list[float] = field(default_factory=lambda: [100.0])

    def __post_init__(self) -> None:
        self.limit = Limit(clock=self.clock)
        self.sender = Sender(self.limit, has_scene=self.has_scene, clock=self.clock)
        self.pages: list[FakePage] = []
        self.events: list[tuple[float, int, Callable[[], object]]] = []
        self.counter = itertools.count()
        self.sent: list[float] = []
        self.picture = 0

    def at(self, time: float, call: Callable[[], object]) -> None:
        heapq.heappush(self.events, (time, next(self.counter), call))

    def answer(self, call: Callable[[], object]) -> None:
        self.at(self.clock.now + self.delay, call)

    def carry(self, page: FakePage, message: Message) -> None:
        """Carry a message to a page: jupyter_server drops what a kernel sends on a page's socket, not what it says."""
        page.carried += 1
        if not self.drop_every or page.carried % self.drop_every:
            self.at(self.clock.now + self.delay, lambda: self.deliver(page, message))

    def open(self, page: FakePage) -> None:
        page.born = self.clock.now
        self.pages.append(page)
        self.answer(lambda: self.said(page, lambda: self.introduce(page)))

    def introduce(self, page: FakePage) -> None:
        self.sender.introduce(page.name, paints=page.paints, visible=page.visible)

    def see(self, page: FakePage, visible: bool) -> None:
        page.visible = visible
        page.born = self.clock.now
        self.sender.note_visible(page.name, visible)
        self.go_on()

    def said(self, page: FakePage, say: Callable[[], object]) -> None:
        if page in self.pages:
            say()
            self.go_on()

    def change(self) -> None:
        self.state += 1
        self.since.append(self.clock.now)
        self.sender.changed()
        self.sender.expire()
        self.go_on()

    def go_on(self) -> None:
        while (kind := self.sender.next()) is not None:
            full = self.sender.wants_full_picture
            sent = self.sender.send(kind)
            self.sent.append(self.clock.now)
            message = Message(kind, sent, self.state, not self.sender.still, full, self.picture)
            self.picture = sent.number if kind == "picture" else self.picture
            for page in list(self.pages):
                self.carry(page, message)

    def deliver(self, page: FakePage, message: Message) -> None:
        if page not in self.pages or not page.answers:
            return
        for kind, frame in page.receive(message, self.clock.now):
            if kind == "frame_ack":
                self.answer(lambda frame=frame: self.said(page, lambda: self.sender.acknowledged(page.name, frame)))  # type: ignore[misc]
            else:
                self.answer(lambda: self.said(page, lambda: self.sender.wants_keyframe(page.name)))

    def run_until(self, end: float, check: Callable[[], object] = lambda: None) -> None:
        while self.clock.now < end:
            due = self.sender.due()
            following = self.events[0][0] if self.events else math.inf
            now = min(following, max(due, self.clock.now) if due is not None else math.inf, self.clock.now + 0.01, end)
            self.clock.now = now
            if self.events and self.events[0][0] <= now:
                heapq.heappop(self.events)[2]()
            if due is not None and due <= now:
                self.sender.expire()
                self.go_on()
            check()

    def lag(self, page: FakePage) -> float:
        """For how long the page has not shown what it should."""
        if not page.visible or not page.answers or page.seen == self.state:
            return 0.0
        since = self.since[page.seen + 1] if page.seen >= 0 else self.since[0]
        return self.clock.now - max(since, page.born)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("interval", [0.01, 0.033, 0.2, 1.0])
def test_whatever_a_server_drops_the_picture_is_right_again_within_half_a_second(seed: int, interval: float) -> None:
    """It drops every tenth message. Pages reload, hide and come back, and one of them never answers."""
    rng = random.Random(seed)
    world = World(rng, delay=rng.choice([0.005, 0.02, 0.04]), drop_every=10)
    world.open(FakePage("first"))
    if seed % 2:
        world.open(FakePage("silent", answers=False))
    worst: list[tuple[float, str, float]] = []
    died = -math.inf

    def check() -> None:
        # Of two faults at once one waits for the other: a page has gone without a word, or loses something, too.
        alone = sum(page.answers for page in world.pages) == 1 and world.clock.now - died > 1.0
        allowed = 0.5 if alone else 1.0
        worst.extend((lag, page.name, world.clock.now) for page in world.pages if (lag := world.lag(page)) > allowed)

    for number in range(20):
        for _ in range(1 + round(rng.uniform(1.0, 3.0) / interval)):
            if not world.sender.still:
                world.change()
            world.run_until(world.clock.now + interval, check)
        page = world.pages[0]
        what = rng.choice(["reload", "hide", "still", "nothing", "second"])
        world.sender.still = what == "still"
        world.change()
        if what == "reload":
            died = world.clock.now
            world.pages[0] = FakePage(f"reload {number}", carried=rng.randrange(10))
            world.open(world.pages.pop(0))
            world.pages.insert(0, world.pages.pop())
        elif what == "hide":
            world.see(page, False)
            world.run_until(world.clock.now + 0.3, check)
            world.see(page, True)
        elif what == "second" and len(world.pages) < 3:
            world.open(FakePage(f"second {number}"))
    world.run_until(world.clock.now + 3.0, check)
    assert worst == []
    assert all(page.seen == world.state for page in world.pages if page.answers)


@pytest.mark.parametrize("seed", range(4))
def test_without_losses_there_is_no_keyframe_but_the_first_and_frames_in_flight_are_bounded(seed: int) -> None:
    rng = random.Random(seed)
    world = World(rng, delay=rng.choice([0.001, 0.02, 0.1]))
    world.open(FakePage("page"))
    most = 0
    kinds: list[Kind] = []
    send = world.sender.send

    def counted(kind: Kind) -> Sent:
        kinds.append(kind)
        return send(kind)

    world.sender.send = counted  # type: ignore[method-assign]
    for _ in range(500):
        world.change()
        world.run_until(world.clock.now + 0.005)
        most = max(most, world.sender.frame - max(0, world.pages[0].version))
    world.run_until(world.clock.now + 1.0)
    assert kinds.count("keyframe") == 1
    assert most <= MAX_WINDOW + 2
    assert world.pages[0].seen == world.state


def test_a_kernel_that_changes_all_the_time_keeps_to_its_limit() -> None:
    world = World(random.Random(0), delay=0.001, drop_every=10)
    world.open(FakePage("page"))
    for _ in range(3000):
        world.change()
        world.run_until(world.clock.now + 0.001)
    for begin in range(100, 103):
        assert sum(begin <= at < begin + 1 for at in world.sent) <= RATE + 60
