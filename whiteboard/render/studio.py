"""Where the server asks for pictures of boards: one process that draws, and who waits for it.

```
studio nursery    draw what waits, the oldest wish first; end the process when nobody asks
```

Who asks for the same as somebody before waits for the same picture. A picture that takes longer than DRAWING costs the
process its life, and so does one that it dies of: whoever waits for it is told so, and the next one is drawn in a new process.
Nothing is drawn in the server's own process.
"""

from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import trio

from whiteboard import limits, timeouts
from whiteboard.config import Settings
from whiteboard.deadlines import TimedOut, deadline, waiting, within
from whiteboard.diagnostics import findings, logs
from whiteboard.diagnostics.figures import FIGURES, Counter, Gauge, Histogram
from whiteboard.errors import StorageError, how_to_add
from whiteboard.ids import BoardId
from whiteboard.render.asked import (
    EXTRA,
    UNREADABLE,
    Asset,
    Kind,
    NotDrawn,
    NotInstalled,
    Picture,
    TooLarge,
    Wish,
)
from whiteboard.render.easel import has_pixels
from whiteboard.render.process import DrawingProcess, ProcessLost
from whiteboard.render.wire import Answer, Draw, Failed, Give, Wanted, picture_of

log = logs.get_logger()

PICTURES: Final = FIGURES.declare(
    Counter(
        "whiteboard_pictures_total",
        "Pictures of boards that were asked for, by what became of them",
        "outcome",
    )
)
SECONDS: Final = FIGURES.declare(
    Histogram(
        "whiteboard_picture_seconds",
        "Time to draw a picture of a board, from its view to its bytes",
        (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    )
)
_ANSWER_BYTES: Final = 1_024
"""About what a kept answer takes besides its body: the wish, the key, the place in the table."""
_FAULTS: Final = {"too_large": TooLarge, "not_installed": NotInstalled}


@dataclass(frozen=True, slots=True)
class Source:
    """Where a picture's board comes from."""

    epoch: str
    """This incarnation of its history."""
    seq: int
    """The picture is to be at least as new."""
    view: Callable[[], Awaitable[bytes | None]]
    """As `Rooms.board_view`."""
    asset: Callable[[str], Awaitable[Asset | None]]
    """A picture on the board; None when there is none yet, UNREADABLE when there never is. May raise StorageError."""


_Key = tuple[Wish, str]
_Case = tuple[BoardId, str, Kind]
"""What takes too long of one board does so in any size."""


@dataclass(eq=False, slots=True)
class _Job:
    """A picture that somebody waits for."""

    wish: Wish
    source: Source
    done: trio.Event = field(default_factory=trio.Event)
    people: int = 0
    """Who waits for it."""
    picture: Picture | None = None
    fault: Exception | None = field(default_factory=lambda: NotDrawn("The server draws nothing more."))
    """Raised in the tasks of those who wait, unless it is None."""


class Studio:
    """Draws pictures of boards, one at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._jobs: OrderedDict[_Key, _Job] = OrderedDict()
        # those that wait and the one that is drawn, which is the first
        self._answers: OrderedDict[_Key, Picture] = OrderedDict()
        self._answers_bytes = 0
        self._given_up: OrderedDict[_Case, float] = OrderedDict()
        # boards that took too long, and since when they are left alone
        self._news = trio.Event()
        self._process: DrawingProcess | None = None
        self._is_busy = False
        self._is_to_drop = False
        self._starts = 0
        self.told: dict[str, Any] = {}
        """What the process that draws said of itself with its last picture; nothing where there is none."""

    # --- who asks -----------------------------------------------------------------------------

    async def draw(self, wish: Wish, source: Source) -> Picture | None:
        """The picture; None when there is no such board any more.

        Raises NotInstalled, TooLarge, NotDrawn, and what the source raises. Cancelled, the picture is drawn only if
        others wait for it.
        """
        if wish.kind is not Kind.SVG and not has_pixels():
            raise NotInstalled(f"Pixels take the extra that draws them: {how_to_add(EXTRA)}.")
        try:
            with deadline(timeouts.DRAWING_WAIT):
                picture = self._kept(wish, source) or await self._drawn(wish, source)
                if (
                    picture is not None and picture.seq < source.seq
                ):  # somebody asked for it before that was drawn
                    return await self._drawn(wish, source)
                return picture
        except TimedOut as late:
            PICTURES.add(value="unserved")
            raise NotDrawn(f"No picture within {late.timeout_seconds:g} s: others are before it.") from late

    async def _drawn(self, wish: Wish, source: Source) -> Picture | None:
        """What a job makes of it: one that is there already, or a new one."""
        key = (wish, source.epoch)
        job = self._jobs.get(key)
        if job is None:
            self._require_hope(_case(wish, source))
            if len(self._jobs) >= limits.MAX_PICTURE_JOBS:
                PICTURES.add(value="unserved")
                raise NotDrawn(f"{len(self._jobs)} other pictures are to be drawn already.")
            job = self._jobs[key] = _Job(wish, source)
            self._news.set()
        else:
            PICTURES.add(value="shared")
        job.people += 1
        try:
            await job.done.wait()
        finally:
            job.people -= 1
        if job.fault is not None:
            raise job.fault
        return job.picture

    def _require_hope(self, case: _Case) -> None:
        """Raises NotDrawn where that took too long less than DRAWING_PAUSE ago: it would cost everybody else the same again."""
        since = self._given_up.get(case)
        if since is None:
            return
        if trio.current_time() < since + timeouts.DRAWING_PAUSE.seconds:
            PICTURES.add(value="unserved")
            raise NotDrawn("This board could not be drawn a moment ago.")
        del self._given_up[case]

    def _give_up(
        self, job: _Job, fault: TimedOut | ProcessLost | NotDrawn, process: DrawingProcess | None = None
    ) -> NotDrawn:
        """Why a board is not drawn; and leave it alone for a while.

        Args: `process` is the one that drew; None when it had not come to that.
        """
        self._given_up[_case(job.wish, job.source)] = trio.current_time()
        while len(self._given_up) > limits.MAX_DRAWINGS_GIVEN_UP:
            self._given_up.popitem(last=False)
        wish = job.wish
        pid = process.pid if process else None
        log.error("drawing_failed", board=wish.board, kind=wish.kind.value, pid=pid, reason=str(fault))
        if isinstance(fault, NotDrawn):
            return fault
        if isinstance(fault, TimedOut):
            what = "draw" if process else "read"
            return NotDrawn(f"It took longer than {fault.timeout_seconds:g} s to {what} this board.")
        return NotDrawn("What draws ended while it drew this board.")

    def _kept(self, wish: Wish, source: Source) -> Picture | None:
        """A thumbnail as it was sent last, if nothing has happened on the board since."""
        key = (wish, source.epoch)
        picture = self._answers.get(key)
        if picture is None or picture.seq < source.seq:
            return None
        self._answers.move_to_end(key)
        PICTURES.add(value="kept")
        return picture

    # --- memory -------------------------------------------------------------------------------

    def drop(self) -> int:
        """Give away all that is kept for later: about how many bytes. What is being drawn goes on and is dropped then.

        The process that draws is ended, which gives back all of it: its pool, its canvases and its libraries.
        """
        freed, self._answers_bytes = self._answers_bytes, 0
        self._answers.clear()
        if self._process is None:
            return freed
        self._is_to_drop = True
        self._news.set()
        return freed if self._is_busy else freed + self._process.resident_bytes

    def statistics(self) -> dict[str, Any]:
        """Plain numbers: of the process that draws as it told them last, and of who waits."""
        return {
            "waiting": len(self._jobs),
            "starts": self._starts,
            "resident_bytes": 0 if self._process is None else self._process.resident_bytes,
            "answers": len(self._answers),
            "answers_bytes": self._answers_bytes,
            **self.told,
        }

    # --- drawing ------------------------------------------------------------------------------

    async def run(self) -> None:
        """Draw what is asked for until cancelled; then the process that draws is gone."""
        try:
            while True:
                await self._wait_for_work()
                key, job = next(iter(self._jobs.items()))
                try:
                    if job.people:
                        await self._serve(job)
                finally:
                    del self._jobs[key]
                    job.done.set()
        finally:
            await self._end_process()  # noqa: ASYNC102 - what waits in it is shielded and ends

    async def _wait_for_work(self) -> None:
        """Return when somebody waits; meanwhile the process ends when nobody asks, or when its memory is wanted."""
        while self._is_to_drop or not self._jobs:
            if self._is_to_drop:
                await self._end_process()
                continue
            self._news = trio.Event()
            if self._process is None:
                await self._news.wait()
                continue
            with waiting(timeouts.RENDER_IDLE) as idle:
                await self._news.wait()
            if idle.cancelled_caught:
                await self._end_process()

    async def _serve(self, job: _Job) -> None:
        """Give a job its picture or its fault."""
        began, self._is_busy = trio.current_time(), True
        try:
            job.picture, job.fault = await self._draw(job), None
        except Exception as fault:  # noqa: BLE001 - not swallowed: raised in the tasks of those who wait
            job.fault = fault
        finally:
            self._is_busy = False
        PICTURES.add(value="drawn" if job.fault is None else "failed")
        if job.picture is not None:
            SECONDS.note(trio.current_time() - began)
            self._keep(job, job.picture)

    async def _draw(self, job: _Job) -> Picture | None:
        """The picture, from the process that draws. Raises as `draw`."""
        view = await self._view(job)
        if view is None:
            return None
        process, is_settled = await self._ready(), False
        try:
            with deadline(timeouts.DRAWING):
                answer, body = await process.exchange(Draw(job.wish), view)
            if isinstance(answer, Wanted):
                given, bodies = await _gather(answer.assets, job.source)
                with deadline(timeouts.DRAWING):
                    answer, body = await process.exchange(given, bodies)
            is_settled = True
        except (TimedOut, ProcessLost) as fault:
            raise self._give_up(job, fault, process) from fault
        finally:
            if not is_settled:
                await self._end_process()  # noqa: ASYNC102 - what waits in it is shielded and ends
        if isinstance(answer, Failed) and answer.why == "fault":
            raise self._give_up(job, NotDrawn(answer.reason), process)
        return self._picture(answer, body)

    async def _view(self, job: _Job) -> bytes | None:
        """The job's board. One that another process, or a store, takes long to give is given up: others wait behind it."""
        try:
            with deadline(timeouts.DRAWING):
                return await job.source.view()
        except TimedOut as fault:
            raise self._give_up(job, fault) from fault

    def _picture(self, answer: Answer, body: bytes) -> Picture:
        if isinstance(answer, Wanted):
            raise NotDrawn("What draws asks for the same pictures again.")
        self._note(answer.statistics)
        if isinstance(answer, Failed):
            raise _FAULTS.get(answer.why, NotDrawn)(answer.reason)
        return picture_of(answer, body)

    async def _ready(self) -> DrawingProcess:
        """The process that draws: a new one where there is none, or it has died. Raises NotDrawn when there can be none."""
        if self._process is not None and not self._process.is_alive:
            log.warning("drawing_process_died", pid=self._process.pid)
            await self._end_process()
        if self._process is None:
            try:
                self._process = await DrawingProcess.start(self._settings)
            except ProcessLost as lost:
                raise NotDrawn("There is nothing that could draw now.") from lost
            self._starts += 1
        return self._process

    async def _end_process(self) -> None:
        self._is_to_drop = False
        process, self._process = self._process, None
        if process is not None:
            self.told = {}
            await process.end()

    def _keep(self, job: _Job, picture: Picture) -> None:
        """Keep a thumbnail as it is sent, and no more of them than MAX_ANSWERED_BYTES."""
        if job.wish.kind is not Kind.THUMBNAIL or not picture.is_whole:
            return
        key = (job.wish, job.source.epoch)
        before = self._answers.pop(key, None)
        self._answers[key] = picture
        self._answers_bytes += _kept_bytes(picture) - (_kept_bytes(before) if before else 0)
        while self._answers_bytes > limits.MAX_ANSWERED_BYTES:
            _, oldest = self._answers.popitem(last=False)
            self._answers_bytes -= _kept_bytes(oldest)

    def _note(self, told: dict[str, Any]) -> None:
        """Keep what the process says of itself; leases that went wrong there are found here."""
        for fault in ("revoked", "lost"):
            count = told["leases"][fault] - self.told.get("leases", {}).get(fault, 0)
            if count > 0:
                findings.note("canvas_lease", f"{fault} by what draws", count=count)
        self.told = told


def _kept_bytes(picture: Picture) -> int:
    """About what a kept answer takes: the smallest pictures are smaller than what is around them."""
    return len(picture.body) + _ANSWER_BYTES


def _case(wish: Wish, source: Source) -> _Case:
    return wish.board, source.epoch, wish.kind


async def _gather(wanted: Iterable[str], source: Source) -> tuple[Give, bytes]:
    """The pictures of a board that are to be had within DRAWING; no more than MAX_PICTURE_ASSETS_BYTES.

    Behind the first one that goes beyond that none is asked for: there may be as many as there are elements.
    """
    assets: list[tuple[str, str, int]] = []
    bodies = bytearray()
    is_full = False
    with within(timeouts.DRAWING):  # others wait; without its pictures the board can be drawn as well
        for name in wanted:
            asset = UNREADABLE if is_full else await _asset(name, source)
            if asset is None:
                continue
            if len(bodies) + len(asset.body) > limits.MAX_PICTURE_ASSETS_BYTES:
                asset, is_full = UNREADABLE, True
            assets.append((name, asset.media_type, len(asset.body)))
            bodies += asset.body
    return Give(assets), bytes(bodies)


async def _asset(name: str, source: Source) -> Asset | None:
    """A picture on a board; None where it is not to be had."""
    try:
        return await source.asset(name)
    except StorageError as away:
        log.warning("picture_misses_asset", asset=name, reason=str(away))
        return None


@asynccontextmanager
async def open_studio(settings: Settings) -> AsyncIterator[Studio]:
    """A studio, and its figures, while the block runs; behind it the process that draws is gone."""
    studio = Studio(settings)
    FIGURES.declare(
        Gauge(
            "whiteboard_render_resident_bytes",
            "Memory of the process that draws; 0 while there is none",
            lambda: studio.statistics()["resident_bytes"],
        )
    )
    FIGURES.declare(
        Gauge(
            "whiteboard_render_buffers",
            "Buffers of the process that draws",
            lambda: _told(studio, "in_use", "idle"),
            label="state",
        )
    )
    FIGURES.declare(
        Counter(
            "whiteboard_render_buffer_events_total",
            "What became of buffers of the process that draws, since it started",
            label="event",
            read=lambda: _told(studio, "hits", "misses", "returned", "dropped"),
        )
    )
    async with trio.open_nursery() as nursery:
        nursery.start_soon(studio.run, name="studio")
        yield studio
        nursery.cancel_scope.cancel()


def _told(studio: Studio, *names: str) -> dict[str, float]:
    """Numbers of the pool, as they were told last."""
    told = studio.told.get("pool", {})
    return {name: told.get(name, 0) for name in names}
