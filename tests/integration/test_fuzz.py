"""A socket fuzz test: whatever one peer sends, the server stays up and nobody else notices (R6, R13)."""

import itertools
import json
import struct
from functools import partial
from typing import Any

import pytest
import trio
from hypothesis import example, given, settings
from hypothesis import strategies as st
from integration.bare_socket import BINARY, TEXT, BareSocket, Ended, bare_socket, frame
from integration.polling import until
from integration.server_process import ServerProcess

pytestmark = pytest.mark.integration

Json = dict[str, Any]
ANSWERS = {
    "welcome", "snapshot", "ack", "reject", "error", "pong", "join", "leave", "cursors", "resync", "role",
    "stroke", "shape", "text", "note", "image", "page", "append", "set", "delete", "restore",
}  # fmt: skip
VALID: list[Json] = [
    {"type": "hello", "v": 1, "client": "c-1", "key": "k", "name": "Ada", "color": "#fff", "since": 0},
    {"type": "stroke", "id": "s1", "points": [[1, 2], [3, 4, 0.5]], "color": "#000", "width": 2},
    {"type": "append", "id": "s1", "from": 2, "points": [[5, 6]]},
    {"type": "shape", "id": "r1", "kind": "rectangle", "x": 0, "y": 0, "w": 10, "h": 5, "rotation": 1},
    {"type": "text", "id": "t1", "x": 0, "y": 0, "text": "hi", "size": 12, "z": "a0"},
    {"type": "note", "id": "n1", "x": 0, "y": 0, "w": 5, "h": 5, "text": "note", "opacity": 0.5},
    {"type": "image", "id": "i1", "asset": "abc", "x": 0, "y": 0},
    {"type": "set", "id": "s1", "props": {"x": 5, "color": None, "mine": {"a": [1]}}},
    {"type": "set", "id": "s1", "props": {"x": 5}, "opId": "c-1:3", "clock": {"c-1": 3}, "seen": 1, "ts": 1},
    {"type": "delete", "id": "s1"},
    {"type": "restore", "id": "s1"},
    {"type": "cursor", "x": 1, "y": 2},
    {"type": "laser", "points": [[1, 2]]},
    {"type": "follow", "session": "x"},
    {"type": "ping", "ts": 1},
    {"type": "sync", "since": 0},
]
LAST = 20406080
PATIENCE_SECONDS = 0.1
"""For a server that waits for the rest of a frame which never comes."""
names = itertools.count()

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["__proto__", "\ud800", "c-1:1", "c-1:0", "a" * 200, -1, 1e308, [], {}]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
fields = st.sampled_from(sorted({name for message in VALID for name in message})) | st.text(max_size=10)


@st.composite
def mutated(draw: st.DrawFn) -> object:
    """A valid message with a few fields changed, dropped or added."""
    message = dict(draw(st.sampled_from(VALID)))
    for _ in range(draw(st.integers(0, 3))):
        name = draw(fields)
        if draw(st.booleans()):
            message[name] = draw(values)
        else:
            message.pop(name, None)
    return message


@st.composite
def garbled(draw: st.DrawFn) -> bytes:
    """The text of a message or a batch, perhaps with bytes changed, added or cut off."""
    content = draw(mutated() | st.lists(mutated(), max_size=4) | values)
    text = bytearray(json.dumps(content).encode())
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        place = draw(st.integers(0, len(text)))
        match draw(st.sampled_from(["change", "add", "cut"])):
            case "change":
                text[place : place + 1] = draw(st.binary(min_size=1, max_size=1))
            case "add":
                text[place:place] = draw(st.binary(max_size=4))
            case "cut":
                del text[place:]
    return bytes(text)


raw_frames = st.builds(
    frame,
    st.integers(0, 15),
    garbled() | st.binary(max_size=200),
    fin=st.booleans(),
    masked=st.booleans(),
    rsv=st.integers(0, 7),
)
texts = st.builds(frame, st.just(TEXT), garbled())
pieces = st.one_of(texts, texts, texts, raw_frames, st.binary(max_size=64))


def huge(size: int) -> bytes:
    """A frame head that promises this many bytes, and the first of them."""
    return bytes([0x81, 0xFF]) + struct.pack(">Q", size) + b"\0\0\0\0" + b"{"


async def read_all(one: BareSocket) -> None:
    """Read until the last pong or the end; everything must be the protocol."""
    try:
        while True:
            message = await one.hear()
            assert message["type"] in ANSWERS, message
            if message == {"type": "pong", "ts": LAST}:
                return
    except Ended:
        pass


async def attack(url: str, board: str, sent: list[bytes]) -> None:
    """Send the pieces on one connection, read whatever comes, leave by a reset."""
    async with bare_socket(url, board) as one:
        async with trio.open_nursery() as nursery:
            nursery.cancel_scope.deadline = trio.current_time() + PATIENCE_SECONDS
            nursery.start_soon(read_all, one)
            try:
                for piece in sent:
                    await one.send_raw(piece)
                await one.say({"type": "ping", "ts": LAST})
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                pass  # the server had enough of it
        await one.reset()


@settings(max_examples=150)
@given(st.lists(pieces, min_size=1, max_size=8))
@example([frame(TEXT, b"[" * 200_000)])
@example([frame(TEXT, b'{"type":"set","id":"a","props":{"p":' + b'{"a":' * 5_000)])
@example([frame(TEXT, b'{"type":"text","id":"t","text":"' + b"x" * (2 << 20) + b'"}')])
@example([frame(TEXT, b" " * (9 << 20))])
@example([huge(1 << 62)])
@example([huge((1 << 64) - 1)])
@example([frame(BINARY, b"\0") for _ in range(40)])
@example([frame(TEXT, b"x", fin=False), frame(TEXT, b"y")])
@example([frame(0, b"x")])
@example([frame(9, b"p" * 126)])
@example([frame(8, b"\x03")])
@example([frame(TEXT, b"\xff\xfe")])
@example([frame(TEXT, b"{}", masked=False)])
@example([frame(TEXT, b'{"type":"stroke","id":"s","points":[[NaN,1e999]]}')])
@example([frame(TEXT, b'{"type":"hello","v":99}')])
async def test_no_input_disturbs_anybody_else(shared_server: ServerProcess, sent: list[bytes]) -> None:
    """After any input the server lives, and a session on the same board draws on without a gap. [CLS-3]"""
    board = f"fuzz-{next(names)}"
    async with bare_socket(shared_server.url, board) as witness:
        welcome = await witness.enter()
        await attack(shared_server.url, board, sent)
        await witness.say({"type": "stroke", "id": "mine", "points": [[0, 0]]})
        seqs, mine, answer = [], 0, None
        while answer is None or mine != answer["seq"]:
            message = await witness.hear()
            if message["type"] in {"ack", "reject"}:
                answer = message
                assert answer["type"] == "ack"
            elif "seq" in message:
                seqs.append(message["seq"])
                mine = message["seq"] if message["by"] == welcome["client"] else mine
        assert seqs == list(range(1, len(seqs) + 1))
    assert shared_server.is_running


async def test_server_is_well_after_all_that(shared_server: ServerProcess) -> None:
    """It is ready, holds no session, and logged no failure of a handler."""
    await trio.to_thread.run_sync(shared_server.wait_ready)
    await until(partial(shared_server.has_sessions, 0))
    assert "Traceback" not in shared_server.log
    print(f"\n{next(names)} attacks; the server holds {await shared_server.counts()}")


@pytest.mark.parametrize(
    ("message", "kind", "code"),
    [
        (b"{", "error", "bad_json"),
        (b"7", "error", "bad_message"),
        (b'{"type":"fanfare"}', "error", "unknown_type"),
        (b'{"type":"stroke","id":"s","points":[[1,1e999]]}', "reject", "bad_field"),
        (b'{"type":"stroke","id":"s","points":[[1,"2"]]}', "reject", "bad_field"),
        (b'{"type":"set","id":"s","props":{"by":1}}', "reject", "bad_field"),
        (b'{"type":"delete","id":"s","opId":"other:1"}', "reject", "forged"),
    ],
)
async def test_bad_input_is_answered_and_the_session_kept(
    shared_server: ServerProcess, message: bytes, kind: str, code: str
) -> None:
    """Each kind of bad input has its coded answer, and the next good op is taken. [REJ-1, ERR-1]"""
    async with bare_socket(shared_server.url, f"bad-{code}-{next(names)}") as one:
        await one.enter()
        await one.send_frame(TEXT, message)
        answer = await one.hear_kind("error", "reject")
        assert (answer["type"], answer["code"]) == (kind, code)
        await one.say({"type": "stroke", "id": "s", "points": [[0, 0]]})
        assert (await one.hear_kind("ack"))["seq"] == 1


async def test_repeated_garbage_ends_the_session(shared_server: ServerProcess) -> None:
    """After repeated errors the session is closed with 4400. [ERR-2]"""
    async with bare_socket(shared_server.url, "garbage") as one:
        await one.enter()
        for _ in range(100):
            await one.send_frame(TEXT, b"{")
        with pytest.raises(Ended) as ended:
            await one.hear_kind("never")
        assert ended.value.code == 4400
