"""Log lines, ids bound to them, and the closed list of events."""

import ast
import importlib.resources
import io
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
import trio

from whiteboard import limits
from whiteboard.config import LogFormat, LogLevel
from whiteboard.diagnostics import logs

LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
LOGGER_NAME = re.compile(r"_?log(ger)?", re.IGNORECASE)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = before
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    """What was written, read back."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def calls_in(source: str) -> Iterator[ast.Call]:
    """Every call on something that is called log or logger."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS:
            owner = node.func.value
            name = str(getattr(owner, "id", getattr(owner, "attr", "")))
            if LOGGER_NAME.fullmatch(name):
                yield node


def all_calls() -> Iterator[tuple[str, ast.Call]]:
    """Every such call of the package, with where it stands."""
    root = Path(str(importlib.resources.files("whiteboard")))
    for path in sorted(root.rglob("*.py")):
        for call in calls_in(path.read_text("utf-8")):
            yield f"{path.relative_to(root)}:{call.lineno}", call


def is_count(value: ast.expr) -> bool:
    """Whether it is `len(…)`: how many there were says nothing of what they were."""
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "len"


def test_every_event_that_is_logged_stands_in_the_table() -> None:
    """The list of events is closed: a name that is not explained is not logged."""
    found = list(all_calls())
    unknown = [
        where
        for where, call in found
        if not (call.args and isinstance(call.args[0], ast.Constant) and call.args[0].value in logs.EVENTS)
    ]

    assert unknown == []


def test_no_call_passes_what_people_draw() -> None:
    """Board content stays out of the logs."""
    leaks = [
        (where, keyword.arg)
        for where, call in all_calls()
        for keyword in call.keywords
        if (keyword.arg in logs.CONTENT_FIELDS and not is_count(keyword.value)) or keyword.arg is None
    ]

    assert leaks == []


def test_the_check_sees_the_usual_ways_to_log() -> None:
    """The two tests above are not blind."""
    found = list(calls_in("log.info('a')\nself._log.warning('b')\nlogger.error(x)\nparser.error('no')"))

    assert len(found) == 3


def test_event_names_are_snake_case_with_a_meaning() -> None:
    """One spelling for names, a sentence for each."""
    for name, meaning in logs.EVENTS.items():
        assert re.fullmatch(r"[a-z]+(_[a-z]+)+", name)
        assert meaning.endswith(".")


def test_json_lines_where_nobody_watches() -> None:
    """A pipe gets one JSON object per line, with time, level, event and fields."""
    stream = io.StringIO()
    logs.configure(LogFormat.AUTO, LogLevel.INFO, stream)
    logs.get_logger().info("session_opened", peer="老师\n", count=3)
    logs.get_logger().debug("session_closed")
    (line,) = lines(stream)

    assert line.pop("timestamp")
    assert line == {"event": "session_opened", "level": "info", "peer": "老师\n", "count": 3}


def test_text_on_a_terminal_cannot_be_forged(monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer's text neither begins a new line nor sends escape codes."""
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    logs.configure(LogFormat.AUTO, LogLevel.INFO, stream)
    logs.get_logger().info("session_opened", peer="x\n\x1b[2Jforged")

    assert "session_opened" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()
    assert stream.getvalue().count("\n") == 1


def test_colors_only_on_a_terminal_that_wants_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR and files get plain text."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    colored, plain = Terminal(), io.StringIO()
    for stream in (colored, plain):
        logs.configure(LogFormat.TEXT, LogLevel.INFO, stream)
        logs.get_logger().info("server_started")

    assert "\x1b[" in colored.getvalue()
    assert "\x1b[" not in plain.getvalue()


async def test_bound_ids_are_inherited_by_tasks_and_end_with_the_block() -> None:
    """Each session's events carry its own ids, whatever task logs them."""
    stream = io.StringIO()
    logs.configure(LogFormat.JSON, LogLevel.INFO, stream)
    log = logs.get_logger()

    async def session(name: str) -> None:
        with logs.bound(session=name):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(child)
        log.info("session_closed")

    async def child() -> None:
        await trio.lowlevel.checkpoint()
        log.info("session_opened")

    with logs.bound(board="b"):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(session, "s1")
            nursery.start_soon(session, "s2")
    events = {(str(line["event"]), line.get("session"), line["board"]) for line in lines(stream)}

    assert events == {
        ("session_opened", "s1", "b"),
        ("session_opened", "s2", "b"),
        ("session_closed", None, "b"),
    }


async def test_ids_bound_for_a_whole_task_are_its_own_and_its_childrens() -> None:
    """`bind` adds to what the task has inherited; siblings and the task that started it do not get it."""
    stream = io.StringIO()
    logs.configure(LogFormat.JSON, LogLevel.INFO, stream)
    log = logs.get_logger()

    async def session(name: str) -> None:
        logs.bind(session=name)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(child)

    async def child() -> None:
        await trio.lowlevel.checkpoint()
        log.info("session_opened")

    with logs.bound(board="b"):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(session, "s1")
            nursery.start_soon(session, "s2")
        log.info("room_closed")

    assert [(line.get("session"), line["board"]) for line in lines(stream)] in (
        [("s1", "b"), ("s2", "b"), (None, "b")],
        [("s2", "b"), ("s1", "b"), (None, "b")],
    )


async def test_what_is_learnt_later_counts_for_all_who_share_the_block() -> None:
    """A session's child learns its client; the parent's last event names it, the next session's does not."""
    stream = io.StringIO()
    logs.configure(LogFormat.JSON, LogLevel.INFO, stream)
    log = logs.get_logger()

    async def reader(client: str) -> None:
        await trio.lowlevel.checkpoint()
        logs.learn(client=client)

    logs.learn(client="nobody")  # without a block around: nothing
    with logs.bound(board="b"):
        for client in ("ada", None):
            with logs.bound(session=f"s-{client}"):
                async with trio.open_nursery() as nursery:
                    if client is not None:
                        nursery.start_soon(reader, client)
                log.info("session_closed", code=1001)
    log.info("server_stopped", board="given here")

    assert [
        (line.get("session"), line.get("client"), line["board"]) if "session" in line else line["board"]
        for line in lines(stream)
    ] == [
        ("s-ada", "ada", "b"),
        ("s-None", None, "b"),
        "given here",
    ]


@pytest.mark.parametrize("said", ["\x7f", "\x9b2J", "a\x85b", "\u2028", "\ud800", '"\x9b\\'])
def test_json_lines_move_no_terminal(said: str) -> None:
    """What JSON lets stand and a terminal or a line reader takes for a command is escaped; it reads back the same."""
    stream = io.StringIO()
    logs.configure(LogFormat.JSON, LogLevel.INFO, stream)
    logs.get_logger().info("origin_refused", origin=said)

    (text,) = stream.getvalue().splitlines()
    assert text.isprintable()
    assert json.loads(text)["origin"] == said


def test_values_are_cut() -> None:
    """No peer can fill the disk with one value."""
    stream = io.StringIO()
    logs.configure(LogFormat.JSON, LogLevel.INFO, stream)
    logs.get_logger().info("session_closed", reason="x" * 5_000)

    assert len(str(lines(stream)[0]["reason"])) == limits.MAX_LOG_VALUE_CHARS + 1


@pytest.mark.parametrize("form", [LogFormat.JSON, LogFormat.TEXT])
def test_tracebacks_come_along_without_local_variables(form: LogFormat) -> None:
    """A bug's traceback is logged; what the variables held, which may be board content, is not."""
    stream = io.StringIO()
    logs.configure(form, LogLevel.INFO, stream)
    drawn = "secret " + "ink"
    try:
        raise ValueError(len(drawn))
    except ValueError:
        logs.get_logger().exception("session_failed")

    assert "ValueError: 10" in stream.getvalue()
    assert "secret ink" not in stream.getvalue()


def test_libraries_warnings_become_events() -> None:
    """What Hypercorn or trio-websocket warn of is not lost; their chatter is."""
    stream = io.StringIO()
    logs.configure(LogFormat.JSON, LogLevel.DEBUG, stream)
    logging.getLogger("hypercorn.error").log(35, "trouble with %s", "x")
    logging.getLogger("trio-websocket").info("chatter")
    (line,) = lines(stream)

    assert (line["event"], line["library"], line["said"]) == (
        "library_message",
        "hypercorn.error",
        "trouble with x",
    )
    assert line["level"] == "warning"


def test_a_stream_that_is_gone_stops_nobody() -> None:
    """A closed pipe behind the log ends no session."""
    stream = io.StringIO()
    logs.configure(LogFormat.JSON, LogLevel.INFO, stream)
    stream.close()

    logs.get_logger().info("session_opened")


def test_standard_error_is_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output stays free for what was asked for."""
    logs.configure(LogFormat.JSON, LogLevel.INFO)
    logs.get_logger().info("server_started")
    written = capsys.readouterr()

    assert written.out == ""
    assert '"server_started"' in written.err
