"""What `top` shows."""

from typing import Any

import pytest

from whiteboard.top.screen import Line, Look, Style, picture
from whiteboard.top.words import as_age, columns, in_bytes, in_seconds, printable

URL = "http://localhost:8080/"
WIDE = (100, 40)


def board(name: str, sessions: int, **more: Any) -> dict[str, Any]:
    """As `/debug/status` gives one."""
    return {
        "board": name,
        "sessions": sessions,
        "queue_bytes": 0,
        "ops_waiting": 0,
        "seq": 0,
        "worker": 0,
        **more,
    }


def status(*boards: dict[str, Any], **more: Any) -> dict[str, Any]:
    """As `/debug/status` gives it."""
    return {
        "versions": {"whiteboard": "9.9"},
        "processes": [{"worker": 0, "pid": 7, "uptime": 3700.0}],
        "counts": {"sessions": 3, "boards": len(boards), "queue_bytes": 2048, "ops_waiting": 0},
        "memory": {"rss": 64 * 2**20, "peak": 70 * 2**20, "limit": None},
        "boards": list(boards),
        "figures": {},
        "findings": [],
        **more,
    }


def texts(lines: list[Line]) -> list[str]:
    """Without what is at their ends."""
    return [line.text.rstrip() for line in lines]


def names(lines: list[Line]) -> list[str]:
    """Of the boards, as they are sorted."""
    (head,) = [n for n, line in enumerate(lines) if line.style is Style.HEAD]
    return [line.text.split()[0] for line in lines[head + 1 : -1]]


def test_the_head_says_what_it_is_and_how_it_does() -> None:
    """Version, address, age, sums and memory."""
    lines = texts(picture(URL, [Look(status(), 100.0)], size=WIDE))
    assert lines[0] == "whiteboard 9.9  http://localhost:8080/   up 1 h 1 min"
    assert lines[1] == "sessions 3   boards 0   queues 2 KiB   ops waiting 0"
    assert lines[2] == "memory 64 MiB   at most 70 MiB"
    assert "no board is open" in lines


def test_a_limit_is_shown_with_how_much_is_left() -> None:
    """In a bar and as a share."""
    told = status(memory={"rss": 50, "peak": 60, "limit": 100})
    assert "[############------------] 50 % of 100 B" in texts(picture(URL, [Look(told, 0.0)], size=WIDE))[2]


def test_boards_are_sorted_as_asked() -> None:
    """By name upwards, by numbers downwards; the column is marked."""
    boards = [board("b", 1, seq=5, ops_waiting=1), board("a", 2, seq=1), board("c", 2, queue_bytes=9)]
    look = Look(status(*boards), 0.0)
    for sort, expected in {"s": "acb", "b": "abc", "u": "cab", "w": "bac", "n": "bac"}.items():
        assert "".join(names(picture(URL, [look], size=WIDE, sort=sort))) == expected
    assert any("*QUEUE" in line for line in texts(picture(URL, [look], size=WIDE, sort="u")))


def test_rates_come_from_two_looks() -> None:
    """Of all ops and of a board's; a server that began anew has none yet."""

    def told(seq: int, ops: float) -> dict[str, Any]:
        figure = {"kind": "counter", "values": {"": ops}}
        return status(board("a", 1, seq=seq), figures={"whiteboard_ops_total": figure})

    looks = [Look(told(10, 100.0), 50.0), Look(told(30, 400.0), 52.0)]
    lines = texts(picture(URL, looks, size=WIDE))
    assert "ops/s 150" in lines[1]
    assert next(line for line in lines if line.startswith("a ")).split()[-2:] == ["10", "30"]
    assert "ops/s 0" in texts(picture(URL, looks[::-1], size=WIDE))[1]


def test_workers_are_counted_and_named() -> None:
    """Those that do not answer too, and which of them has a board."""
    processes = [{"worker": 0, "pid": 1, "uptime": 9.0}, {"worker": 1, "away": True}]
    lines = texts(picture(URL, [Look(status(board("a", 1, worker=1), processes=processes), 0.0)], size=WIDE))
    assert "1 of 2 workers" in lines[0]
    assert any(line.endswith("WORKER") for line in lines)
    assert next(line for line in lines if line.startswith("a ")).split()[-1] == "1"


def test_findings_come_first_and_do_nothing_to_the_terminal() -> None:
    """What is in them may be anybody's text."""
    finding = {"kind": "leaked_task", "subject": "evil\x1b[2Jtask", "latest_at": 88.0, "count": 3}
    lines = picture(URL, [Look(status(findings=[finding] * 7), 100.0)], size=WIDE)
    bad = [line.text for line in lines if line.style is Style.BAD]
    assert bad[0] == "leaked task x3  evil?[2Jtask  12 s ago"
    assert bad[-1] == "and 2 more things that are wrong: /debug/"


def test_pauses_and_delays_are_shown_where_they_are_counted() -> None:
    """With their p99 and the longest."""
    histogram = {
        "kind": "histogram",
        "bounds": [0.001, 0.01],
        "counts": [99, 1, 0],
        "sum": 0.1,
        "largest": 0.0035,
    }
    figures = {"whiteboard_gc_pause_seconds": histogram}
    lines = texts(picture(URL, [Look(status(figures=figures), 0.0)], size=WIDE))
    assert lines[3] == "GC pauses p99 1 ms, longest 3.50 ms"


@pytest.mark.parametrize("size", [(100, 40), (40, 12), (20, 6), (1, 1), (0, 0)])
def test_it_fits_into_any_window(size: tuple[int, int]) -> None:
    """No line is longer than it is wide, and there are no more than it is high."""
    boards = [board(f"board-{n:03}-白板" * 4, n) for n in range(60)]
    finding = {"kind": "stall", "subject": "x" * 300, "latest_at": 1.0, "count": 1}
    look = Look(status(*boards, findings=[finding] * 9), 2.0)
    lines = picture(URL, [look], size=size, note="away " * 50)
    assert len(lines) <= size[1]
    assert all(columns(line.text) <= max(1, size[0]) for line in lines)


def test_a_note_stands_above_the_boards() -> None:
    """In a colour of its own."""
    lines = picture(URL, [Look(status(), 0.0)], size=WIDE, note="It is away.")
    assert Line("It is away.", Style.BAD) in lines


def test_amounts_read_well() -> None:
    """Three digits that count."""
    assert [in_bytes(value) for value in (None, 0, 1536, 5 * 2**30)] == ["-", "0 B", "1.50 KiB", "5 GiB"]
    assert [in_seconds(value) for value in (0, 5e-9, 0.0123, 2)] == ["0 s", "5 ns", "12.3 ms", "2 s"]
    assert [as_age(value) for value in (-1, 61, 3700, 200_000)] == [
        "0 s",
        "1 min 1 s",
        "1 h 1 min",
        "2 d 7 h",
    ]
    assert printable("abc", 2) == "a…"
    assert [printable("白板白板", most) for most in (8, 7, 6, 2)] == ["白板白板", "白板白…", "白板…", "…"]
    assert printable("e\u0301te", 3) == "e\u0301te"
