"""Who waits for pictures, and what happens to the process that draws them; it is played."""

import pytest
import trio
import trio.testing
from render.played import STATISTICS, draw_at_once, played_studio, source, wish

from whiteboard import limits, timeouts
from whiteboard.diagnostics.figures import FIGURES
from whiteboard.diagnostics.findings import FINDINGS
from whiteboard.errors import StorageUnavailable
from whiteboard.ids import BoardId
from whiteboard.render import studio as studio_module
from whiteboard.render.asked import Asset, Kind, NotDrawn, NotInstalled, Picture, TooLarge, Wish
from whiteboard.render.studio import Source, Studio
from whiteboard.render.wire import Answer, Ask, Draw, Drawn, Failed, Give, Wanted

Clock = trio.testing.MockClock


async def test_a_picture_comes_from_the_process_that_draws(autojump_clock: Clock) -> None:
    """Which is started for the first one, and kept."""
    async with played_studio() as (studio, processes):
        assert processes == []
        picture = await studio.draw(wish(), source())
        assert picture == Picture(b"svg of b", 1, is_whole=True)
        await studio.draw(wish("c"), source())
        assert len(processes) == 1
        assert studio.statistics()["starts"] == 1
    assert not processes[0].is_alive


async def test_who_asks_for_the_same_waits_for_the_same(autojump_clock: Clock) -> None:
    """Ten people, one picture. [R40]"""
    drawn = 0

    async def slowly(asked: Ask, body: bytes) -> tuple[Answer, bytes] | None:
        nonlocal drawn
        drawn += 1
        await trio.sleep(1)
        return await draw_at_once(asked, body)

    pictures: list[Picture | None] = []

    async def ask(studio: Studio) -> None:
        pictures.append(await studio.draw(wish(), source()))

    async with played_studio(slowly) as (studio, _):
        async with trio.open_nursery() as nursery:
            for _ in range(10):
                nursery.start_soon(ask, studio)
        assert drawn == 1
    assert len(set(pictures)) == 1
    assert len(pictures) == 10


async def test_who_asks_for_something_newer_waits_for_the_next_one(autojump_clock: Clock) -> None:
    """A picture that was begun before an op is none for who has seen the op. [PIC-4]"""
    seqs = [1, 2]

    async def slowly(_: Ask, __: bytes) -> tuple[Answer, bytes] | None:
        seq = seqs.pop(0)
        await trio.sleep(1)
        return Drawn(seq, True, STATISTICS), b"picture"

    got: list[int] = []

    async def ask(studio: Studio, seq: int) -> None:
        picture = await studio.draw(wish(), source(seq))
        assert picture is not None
        got.append(picture.seq)

    async with played_studio(slowly) as (studio, _), trio.open_nursery() as nursery:
        nursery.start_soon(ask, studio, 1)
        await trio.sleep(0.5)
        nursery.start_soon(ask, studio, 2)
    assert got == [1, 2]


async def test_a_picture_that_nobody_waits_for_any_more_is_not_drawn(autojump_clock: Clock) -> None:
    """Whoever asked has gone before its turn came."""
    asked_for: list[str] = []

    async def slowly(asked: Ask, body: bytes) -> tuple[Answer, bytes] | None:
        assert isinstance(asked, Draw)
        asked_for.append(asked.wish.board)
        await trio.sleep(5)
        return await draw_at_once(asked, body)

    async with played_studio(slowly) as (studio, _), trio.open_nursery() as nursery:
        nursery.start_soon(studio.draw, wish("first"), source())
        await trio.sleep(1)
        with trio.move_on_after(1):
            await studio.draw(wish("gone"), source())
        await studio.draw(wish("last"), source())
    assert asked_for == ["first", "last"]


async def test_a_process_that_takes_too_long_is_replaced(autojump_clock: Clock) -> None:
    """Who waited for that picture is told; the next one is drawn in a new process. [PIC-6]"""

    async def hangs_on_bad(asked: Ask, body: bytes) -> tuple[Answer, bytes] | None:
        assert isinstance(asked, Draw)
        if asked.wish.board == "bad":
            await trio.sleep_forever()
        return await draw_at_once(asked, body)

    async with played_studio(hangs_on_bad) as (studio, processes):
        began = trio.current_time()
        with pytest.raises(NotDrawn, match="longer than 15 s"):
            await studio.draw(wish("bad"), source())
        assert trio.current_time() - began == timeouts.DRAWING.seconds
        assert not processes[0].is_alive
        assert await studio.draw(wish("good"), source())
        assert len(processes) == 2


async def test_a_board_that_took_too_long_is_left_alone(
    autojump_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In any size, for DRAWING_PAUSE; not in another kind, nor another board. [PIC-6]"""
    monkeypatch.setattr(studio_module, "has_pixels", lambda: True)

    async def hangs_on_png(asked: Ask, body: bytes) -> tuple[Answer, bytes] | None:
        assert isinstance(asked, Draw)
        if asked.wish.kind is Kind.PNG:
            await trio.sleep_forever()
        return await draw_at_once(asked, body)

    async with played_studio(hangs_on_png) as (studio, processes):
        with pytest.raises(NotDrawn, match="longer than 15 s"):
            await studio.draw(wish(kind=Kind.PNG), source())
        began = trio.current_time()
        with pytest.raises(NotDrawn, match="a moment ago"):
            await studio.draw(Wish(BoardId("b"), Kind.PNG, scale=0.1), source(2))
        assert trio.current_time() == began
        assert await studio.draw(wish(), source())
        monkeypatch.setattr(limits, "MAX_DRAWINGS_GIVEN_UP", 1)
        for board in ("c", "b"):  # there is room for one only: the older one is tried again
            with pytest.raises(NotDrawn, match="longer than 15 s"):
                await studio.draw(wish(board, Kind.PNG), source())
        assert len(processes) == 3


async def test_a_process_that_dies_is_replaced(autojump_clock: Clock) -> None:
    """Of whatever it dies. [PIC-6]"""

    async def dies_of_bad(asked: Ask, body: bytes) -> tuple[Answer, bytes] | None:
        assert isinstance(asked, Draw)
        return None if asked.wish.board.startswith("bad") else await draw_at_once(asked, body)

    async with played_studio(dies_of_bad) as (studio, processes):
        for board in ("bad1", "good", "bad2", "good"):
            if board.startswith("bad"):
                with pytest.raises(NotDrawn, match="ended while it drew"):
                    await studio.draw(wish(board), source())
            else:
                assert await studio.draw(wish(board), source())
        assert [process.is_alive for process in processes] == [False, False, True]


async def test_a_process_that_died_between_two_pictures_costs_nobody_one(autojump_clock: Clock) -> None:
    """It is noticed before the next one is asked for."""
    async with played_studio() as (studio, processes):
        await studio.draw(wish(), source())
        processes[0].kill()
        await trio.testing.wait_all_tasks_blocked()
        assert await studio.draw(wish("c"), source())
        assert len(processes) == 2


async def test_pictures_on_the_board_are_handed_in(autojump_clock: Clock) -> None:
    """Those that are to be had, and not more bytes than may be. [PIC-5]"""
    given: list[tuple[list[tuple[str, str, int]], bytes]] = []

    async def wants(asked: Ask, body: bytes) -> tuple[Answer, bytes] | None:
        await trio.lowlevel.checkpoint()
        if isinstance(asked, Give):
            given.append((asked.assets, body))
            return Drawn(1, False, STATISTICS), b"picture"
        return Wanted(["here1", "away", "here2", "lost"]), b""

    of = source()

    async def asset(name: str) -> Asset | None:
        if name == "lost":
            raise StorageUnavailable("the bucket")
        return await of.asset(name)

    async with played_studio(wants) as (studio, _):
        await studio.draw(wish(), Source("e", 1, of.view, asset))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(limits, "MAX_PICTURE_ASSETS_BYTES", 6)
            await studio.draw(wish(), Source("e", 1, of.view, asset))
    both = [("here1", "image/png", 5), ("here2", "image/png", 5)]
    without = [both[0], ("here2", "", 0), ("lost", "", 0)]
    assert given == [(both, b"here1here2"), (without, b"here1")]


async def test_behind_the_last_picture_that_fits_none_is_asked_for(
    autojump_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A board may have as many as elements; those that go beyond the bound are left out for good, so the answer is kept."""
    monkeypatch.setattr(limits, "MAX_PICTURE_ASSETS_BYTES", 12)
    asked: list[str] = []

    async def wants(what: Ask, _: bytes) -> tuple[Answer, bytes] | None:
        await trio.lowlevel.checkpoint()
        if isinstance(what, Draw):
            return Wanted([f"here{at}" for at in range(1_000)]), b""
        return Drawn(1, True, STATISTICS), b"%d" % len(what.assets)

    async def asset(name: str) -> Asset | None:
        asked.append(name)
        return await source().asset(name)

    async with played_studio(wants) as (studio, _):
        picture = await studio.draw(wish(), Source("e", 1, source().view, asset))
    assert picture == Picture(b"1000", 1, is_whole=True)
    assert asked == ["here0", "here1", "here2"]


async def test_a_board_that_does_not_come_holds_nobody_up_for_ever(autojump_clock: Clock) -> None:
    """After DRAWING it is given up, and left alone for a while; nothing was begun that would have to be ended. [PIC-6]"""

    async def never() -> bytes | None:
        await trio.sleep_forever()
        raise AssertionError

    async with played_studio() as (studio, processes), trio.open_nursery() as nursery:
        nursery.start_soon(ask_for_the_slow_one, studio, Source("e", 1, never, source().asset))
        await trio.testing.wait_all_tasks_blocked()
        assert await studio.draw(wish("other"), source())
        assert trio.current_time() == timeouts.DRAWING.seconds
        with pytest.raises(NotDrawn, match="a moment ago"):
            await studio.draw(wish("slow"), Source("e", 1, never, source().asset))
        assert len(processes) == 1


async def ask_for_the_slow_one(studio: Studio, of: Source) -> None:
    """And be told that it was slow to read."""
    with pytest.raises(NotDrawn, match=f"longer than {timeouts.DRAWING.seconds:g} s to read this board"):
        await studio.draw(wish("slow"), of)


@pytest.mark.parametrize(
    ("why", "fault"), [("too_large", TooLarge), ("not_installed", NotInstalled), ("not_drawn", NotDrawn)]
)
async def test_what_the_process_says_is_told_to_who_asked(
    autojump_clock: Clock, why: str, fault: type[Exception]
) -> None:
    """It lives on."""

    async def refuses(_: Ask, __: bytes) -> tuple[Answer, bytes] | None:
        await trio.lowlevel.checkpoint()
        return Failed(why, "because", STATISTICS), b""

    async with played_studio(refuses) as (studio, processes):
        with pytest.raises(fault, match="because"):
            await studio.draw(wish(), source())
        assert processes[0].is_alive


async def test_a_board_that_drawing_fails_on_is_left_alone(autojump_clock: Clock) -> None:
    """It would fail again; others are drawn, by the same process."""
    asked = 0

    async def fails_on_bad(what: Ask, body: bytes) -> tuple[Answer, bytes] | None:
        nonlocal asked
        asked += 1
        assert isinstance(what, Draw)
        if what.wish.board == "bad":
            return Failed("fault", "a bug", STATISTICS), b""
        return await draw_at_once(what, body)

    async with played_studio(fails_on_bad) as (studio, processes):
        with pytest.raises(NotDrawn, match="a bug"):
            await studio.draw(wish("bad"), source())
        with pytest.raises(NotDrawn, match="a moment ago"):
            await studio.draw(wish("bad"), source())
        assert await studio.draw(wish("good"), source())
        assert asked == 2
        assert processes[0].is_alive


async def test_pictures_on_the_board_that_do_not_come_hold_nobody_up_for_ever(autojump_clock: Clock) -> None:
    """After DRAWING the board is drawn without them: a store that is away answers for each of a thousand in its own time."""

    async def wants(asked: Ask, _: bytes) -> tuple[Answer, bytes] | None:
        await trio.lowlevel.checkpoint()
        if isinstance(asked, Draw):
            return Wanted([f"here{at}" for at in range(1_000)]), b""
        return Drawn(1, False, STATISTICS), b"%d" % len(asked.assets)

    async def slow(name: str) -> Asset | None:
        await trio.sleep(4)
        return await source().asset(name)

    async with played_studio(wants) as (studio, _):
        picture = await studio.draw(wish(), Source("e", 1, source().view, slow))
        assert picture == Picture(b"3", 1, is_whole=False)
        assert trio.current_time() < timeouts.DRAWING_WAIT.seconds


async def test_what_the_source_raises_is_told_to_who_asked(autojump_clock: Clock) -> None:
    """A board that cannot be read, or that is gone; a bug, too, ends nobody else's picture."""

    async def unavailable() -> bytes | None:
        await trio.lowlevel.checkpoint()
        raise StorageUnavailable("disk full")

    async def bug() -> bytes | None:
        await trio.lowlevel.checkpoint()
        raise ZeroDivisionError

    async with played_studio() as (studio, processes):
        with pytest.raises(StorageUnavailable):
            await studio.draw(wish(), Source("e", 1, unavailable, source().asset))
        with pytest.raises(ZeroDivisionError):
            await studio.draw(wish(), Source("e", 1, bug, source().asset))
        assert await studio.draw(wish(), source(view=None)) is None
        assert processes == []
        assert await studio.draw(wish(), source())


async def test_so_many_wait_and_no_more(autojump_clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one is turned away at once. [PIC-6]"""
    monkeypatch.setattr(limits, "MAX_PICTURE_JOBS", 2)

    async def slowly(asked: Ask, body: bytes) -> tuple[Answer, bytes] | None:
        await trio.sleep(5)
        return await draw_at_once(asked, body)

    async with played_studio(slowly) as (studio, _), trio.open_nursery() as nursery:
        nursery.start_soon(studio.draw, wish("one"), source())
        nursery.start_soon(studio.draw, wish("two"), source())
        await trio.sleep(1)
        with pytest.raises(NotDrawn, match="2 other pictures"):
            await studio.draw(wish("three"), source())


async def test_thumbnails_are_kept_as_they_were_sent(
    autojump_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until something happens on their board, or it is another one; no more bytes of them than may be. [PIC-4]"""
    drawn: list[str] = []

    async def counts(asked: Ask, _: bytes) -> tuple[Answer, bytes] | None:
        await trio.lowlevel.checkpoint()
        assert isinstance(asked, Draw)
        drawn.append(asked.wish.board)
        return Drawn(len(drawn), True, STATISTICS), bytes(100)

    monkeypatch.setattr(studio_module, "has_pixels", lambda: True)
    small = wish(kind=Kind.THUMBNAIL)
    async with played_studio(counts) as (studio, _):
        for _ in range(3):
            await studio.draw(small, source(1))
        assert len(drawn) == 1
        await studio.draw(small, source(2))
        await studio.draw(small, source(1, epoch="begun anew"))
        assert len(drawn) == 3
        assert studio.statistics()["answers_bytes"] == 2 * (100 + 1_024)
        monkeypatch.setattr(limits, "MAX_ANSWERED_BYTES", 3_000)
        await studio.draw(wish("c", Kind.THUMBNAIL), source(1))
        assert studio.statistics()["answers"] == 2


async def test_without_the_extra_pixels_are_refused_and_nothing_is_started(
    autojump_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SVG is drawn all the same. [PIC-6]"""
    monkeypatch.setattr(studio_module, "has_pixels", lambda: False)
    async with played_studio() as (studio, processes):
        with pytest.raises(NotInstalled, match=r"\.\[render\]"):
            await studio.draw(wish(kind=Kind.PNG), source())
        assert processes == []
        assert await studio.draw(wish(), source())


async def test_dropping_ends_the_process_and_the_kept_answers(
    autojump_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once when it is idle; behind the picture that it is drawing, else. [R42]"""
    monkeypatch.setattr(studio_module, "has_pixels", lambda: True)

    async def slowly(asked: Ask, body: bytes) -> tuple[Answer, bytes] | None:
        await trio.sleep(5)
        return await draw_at_once(asked, body)

    async with played_studio(slowly) as (studio, processes):
        assert studio.drop() == 0
        await studio.draw(wish(kind=Kind.THUMBNAIL), source())
        assert studio.drop() >= len(b"thumbnail of b")
        await trio.testing.wait_all_tasks_blocked()
        assert not processes[0].is_alive
        async with trio.open_nursery() as nursery:
            nursery.start_soon(studio.draw, wish("c"), source())
            await trio.sleep(1)
            studio.drop()
            await trio.sleep(1)
            lives = [processes[1].is_alive]
        await trio.testing.wait_all_tasks_blocked()
        assert [*lives, processes[1].is_alive] == [True, False]
        assert studio.statistics()["resident_bytes"] == 0


async def test_leases_that_went_wrong_in_the_process_are_found_here(autojump_clock: Clock) -> None:
    """As often as it says, and no more. [R41]"""
    lost = iter([0, 1, 1])

    async def loses(_: Ask, __: bytes) -> tuple[Answer, bytes] | None:
        await trio.lowlevel.checkpoint()
        return Drawn(1, True, {**STATISTICS, "leases": {"revoked": 0, "lost": next(lost)}}), b""

    async with played_studio(loses) as (studio, _):
        for _ in range(3):
            await studio.draw(wish(), source())
    (finding,) = FINDINGS.of_kind("canvas_lease")
    assert (finding.count, finding.facts) == (1, {"count": 1})


async def test_its_figures_are_shown(autojump_clock: Clock) -> None:
    """What became of pictures, and what the process told last. [R55]"""

    async def tells(_: Ask, __: bytes) -> tuple[Answer, bytes] | None:
        await trio.lowlevel.checkpoint()
        return Drawn(1, True, {**STATISTICS, "pool": {"in_use": 3, "hits": 4}}), b""

    async with played_studio(tells) as (studio, _):
        before = FIGURES.report()["whiteboard_pictures_total"]["values"].get("drawn", 0)
        await studio.draw(wish(), source())
        told = FIGURES.report()
        assert told["whiteboard_pictures_total"]["values"]["drawn"] == before + 1
        assert sum(told["whiteboard_picture_seconds"]["counts"]) >= 1
        assert told["whiteboard_render_buffers"]["values"] == {"in_use": 3, "idle": 0}
        events = told["whiteboard_render_buffer_events_total"]["values"]
        assert events == {"hits": 4, "misses": 0, "returned": 0, "dropped": 0}
        assert told["whiteboard_render_resident_bytes"]["values"] == {"": 0}
