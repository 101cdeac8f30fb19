"""The life of a canvas: the table, its page in the docs, and walks through both."""

import gc
import re
from pathlib import Path

import pytest
from core.scene.made import wave
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from whiteboard.core.scene.framing import thumbnail_frame
from whiteboard.diagnostics.findings import FINDINGS
from whiteboard.render.brush import Brush
from whiteboard.render.canvas import Canvas, CanvasClosed, NotHeld
from whiteboard.render.leases import Lease, LeaseBook, LeaseOver
from whiteboard.render.pool import BufferPool
from whiteboard.render.states import HELD, TRANSITIONS, WITH_BUFFER, Event, State
from whiteboard.timeouts import CANVAS_LEASE

DOCS = Path(__file__).parents[2] / "docs" / "rendering.md"
ROW = re.compile(r"^\| `(?P<state>[a-z]+)` \|(?P<cells>.*)\|$", re.MULTILINE)


def test_the_docs_have_the_same_table() -> None:
    """State by state, event by event; a dash is what is refused."""
    rows = {row["state"]: row["cells"] for row in ROW.finditer(DOCS.read_text())}
    assert list(rows) == [state.value for state in State]
    for state in State:
        cells = [cell.strip().strip("`") for cell in rows[state.value].split("|")]
        told = {event: State(cell) for event, cell in zip(Event, cells, strict=True) if cell != "–"}
        assert told == {event: TRANSITIONS[state, event] for event in Event if (state, event) in TRANSITIONS}


def test_every_state_can_be_reached_and_left_but_the_last() -> None:
    """`closed` is the end."""
    assert {after for (_, _), after in TRANSITIONS.items()} == set(State)
    ends = {
        state for state in State if all(TRANSITIONS.get((state, event), state) is state for event in Event)
    }
    assert ends == {State.CLOSED}


class Life(RuleBasedStateMachine):
    """One canvas and all that can happen to it, beside a model that knows the table only."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.pool, self.book = BufferPool(poisons=True), LeaseBook(lambda: self.now)
        self.canvas = Canvas("canvas", self.pool, Brush())
        self.model = State.EMPTY
        self.held: list[Lease[Canvas]] = []
        self.has_buffer = False
        self.strokes: list[bytes] = []

    def step(self, event: Event) -> None:
        """What the table says."""
        self.model = TRANSITIONS[self.model, event]
        self.has_buffer &= self.model in WITH_BUFFER

    def released(self) -> None:
        """One holder less."""
        self.step(Event.RELEASE if self.held else Event.LAST_RELEASE)

    @rule()
    def lease(self) -> None:
        """Somebody comes; a closed one lets in nobody."""
        if (self.model, Event.LEASE) in TRANSITIONS:
            self.held.append(self.book.take(self.canvas))
            self.step(Event.LEASE)
        else:
            with pytest.raises(CanvasClosed):
                self.book.take(self.canvas)

    @precondition(lambda self: self.held)
    @rule()
    def end(self) -> None:
        """Somebody goes, as it should be."""
        lease = self.held.pop(0)
        self.book.end(lease)
        self.released()
        with pytest.raises(LeaseOver):
            _ = lease.thing

    @precondition(lambda self: self.held)
    @rule()
    def forget(self) -> None:
        """Somebody forgets that it holds it."""
        self.held.pop()
        gc.collect(0)
        self.released()

    @precondition(lambda self: self.held)
    @rule()
    def overstay(self) -> None:
        """All that hold it do so for too long."""
        self.now += CANVAS_LEASE.seconds
        late, self.held = self.held, []
        assert self.book.sweep() == len(late)
        for _ in late[1:]:
            self.step(Event.RELEASE)
        self.step(Event.LAST_RELEASE)
        assert all(lease.is_over for lease in late)

    @rule()
    def drop(self) -> None:
        """Its memory is wanted: only when nobody holds it, it is given."""
        freed = self.canvas.drop()
        self.step(Event.DROP)
        assert freed == 0 or self.model is State.EMPTY

    @precondition(lambda self: len(self.strokes) < 6)
    @rule()
    def close(self) -> None:
        """It is not needed any more."""
        self.canvas.close()
        self.step(Event.CLOSE)

    @rule()
    def paint(self) -> None:
        """Who holds it draws; nobody else can."""
        self.strokes.append(wave(f"s{len(self.strokes)}", 10, 10))
        if self.model not in HELD:
            with pytest.raises(NotHeld):
                self.canvas.look(self.strokes, lambda box: thumbnail_frame(box, 64, 48))
            return
        canvas = self.held[0].thing
        canvas.look(self.strokes, lambda box: thumbnail_frame(box, 64, 48))
        canvas.paint()
        self.has_buffer = True

    @invariant()
    def is_as_the_table_says(self) -> None:
        """State, holders and the one buffer."""
        assert self.canvas.state is self.model
        assert self.canvas.references == len(self.held)
        assert self.pool.statistics().in_use == self.has_buffer
        assert self.model in WITH_BUFFER or not self.canvas.kept_bytes

    def teardown(self) -> None:
        self.held.clear()
        FINDINGS.clear()


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=40, stateful_step_count=20)
