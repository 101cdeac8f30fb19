"""How a session begins: what the first message may be, what `welcome` says, who gets which client id."""

import pytest
import trio
from rooms.conftest import BOARD, Stage, open_stage

from whiteboard import limits
from whiteboard.ids import BoardId
from whiteboard.rooms.ports import BINARY_MESSAGE, Incoming, Oversize
from whiteboard.storage.memory import open_memory


def stroke(number: int, **more: object) -> dict[str, object]:
    """A small stroke op."""
    return {"type": "stroke", "id": f"s{number}", "points": [[number, 0]], **more}


async def test_a_board_begins_with_its_first_op(stage: Stage, autojump_clock: object) -> None:
    """Sessions may come to any id; looking makes nothing, the first stored op makes the board. [CON-3]"""
    board = BoardId("never-heard-of")
    ada, welcome = await stage.join(board)
    assert (welcome["board"], welcome["seq"]) == (board, 0)
    assert await stage.storage.op_log.head(board) is None
    ada.say(stroke(1))
    await ada.expect("ack", seq=1)
    assert await stage.storage.op_log.head(board) is not None


async def test_welcome_says_all_that_a_client_needs(stage: Stage, autojump_clock: object) -> None:
    """Its fields, the head of the log, the bounds and the heartbeat. [HEL-3] [HEL-4] [HEL-7] [HEL-8]"""
    ada, _ = await stage.join()
    ada.say(stroke(1), stroke(2))
    await ada.expect("ack", seq=2)
    _, welcome = await stage.join(client="bob", key="secret")
    assert set(welcome) == {
        "type", "v", "session", "client", "key", "board", "epoch", "seq", "clock", "role", "peers",
        "limits", "heartbeat", "durable",
    }  # fmt: skip
    assert (welcome["v"], welcome["board"], welcome["seq"], welcome["role"]) == (1, BOARD, 2, "editor")
    assert (welcome["client"], welcome["key"]) == ("bob", "secret")
    assert welcome["limits"] == limits.published()
    assert welcome["heartbeat"] == {"ping": 10, "dead": 30}


@pytest.mark.parametrize(
    ("first", "code"),
    [
        (b"{", "bad_json"),
        (b"[{]", "bad_json"),
        (b"\xff{}", "bad_json"),
        (b'{"type":"fanfare"}', "unknown_type"),
        (b'{"type":"hello","client":"a b"}', "bad_message"),
        (BINARY_MESSAGE, "binary_frame"),
        (Oversize(limits.MAX_FRAME_BYTES + 1), "too_large"),
    ],
)
async def test_welcome_comes_before_all_else(
    stage: Stage, autojump_clock: object, first: Incoming, code: str
) -> None:
    """Whatever cannot be read at first is refused behind the welcome. [HEL-2] [HEL-3] [CON-9] [CON-10]"""
    line = await stage.connect()
    line.deliver(first)
    line.say(stroke(1))
    await line.expect("ack", seq=1)
    late = await stage.connect()
    late.deliver(first)
    await trio.sleep(1)
    welcome, error, *_ = late.read()
    assert (welcome["type"], error["type"], error["code"]) == ("welcome", "error", code)


async def test_text_is_utf_8_json(stage: Stage, autojump_clock: object) -> None:
    """Letters beyond ASCII go through as they are, in messages of JSON text. [CON-5]"""
    ada, _ = await stage.join(name="Ada \N{GRINNING FACE}")
    ada.say('{"type":"text","id":"画","text":"ünf \N{GRINNING FACE}"}'.encode())
    op = await ada.expect("text")
    assert (op["id"], op["text"]) == ("画", "ünf \N{GRINNING FACE}")
    _, welcome = await stage.join()
    assert [peer["name"] for peer in welcome["peers"]] == ["Ada \N{GRINNING FACE}"]


async def test_clock_of_welcome_has_the_own_client(autojump_clock: object) -> None:
    """0 before the first op, then the highest counter stored, also after a restart. [HEL-5]"""
    async with open_memory() as storage:
        async with open_stage(storage) as stage:
            ada, welcome = await stage.join(client="ada", key="k")
            assert welcome["clock"] == {"ada": 0}
            ada.say(stroke(1, opId="ada:7"), stroke(2, opId="ada:3"))
            await ada.expect("ack", seq=2)
            _, again = await stage.join(client="ada", key="k")
            assert again["clock"]["ada"] == 7
            await stage.hub.drain()
        async with open_stage(storage) as stage:
            _, later = await stage.join(client="ada", key="k")
            assert later["clock"]["ada"] == 7


async def test_clock_of_welcome_fits_an_op(
    stage: Stage, autojump_clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many have written, an op may carry the clock back as it came. [HEL-5] [OP-5]"""
    monkeypatch.setattr(limits, "MAX_CLOCK_ENTRIES", 3)
    for number in range(5):
        line, _ = await stage.join(client=f"c-{number}")
        line.say(stroke(number))
        await line.expect("ack")
    bob, welcome = await stage.join(client="bob")
    assert len(welcome["clock"]) == 3
    assert welcome["clock"]["bob"] == 0
    bob.say(stroke(9, clock=welcome["clock"]))
    await bob.expect("ack")


async def test_peers_are_the_others(stage: Stage, autojump_clock: object) -> None:
    """Each with session, client, name and colour, oneself left out; no two sessions alike. [HEL-6] [IDN-12]"""
    _, first = await stage.join(client="ada", name="Ada", color="#f00")
    _, second = await stage.join(client="ada", key=first["key"])
    elsewhere, third = await stage.join(BoardId("other"))
    assert first["peers"] == []
    assert second["peers"] == [{"session": first["session"], "client": "ada", "name": "Ada", "color": "#f00"}]
    assert third["peers"] == []
    assert len({first["session"], second["session"], third["session"]}) == 3
    assert elsewhere.closed is None


@pytest.mark.parametrize("version", [0, 2, 99])
async def test_another_version_is_not_served(stage: Stage, autojump_clock: object, version: int) -> None:
    """4409 instead of a welcome; in a later hello `v` is ignored like all but name and colour. [HEL-10] [HEL-9]"""
    line = await stage.connect()
    line.say({"type": "hello", "v": version})
    assert (await line.wait_closed())[0] == 4409
    assert line.read() == []
    ada, welcome = await stage.join()
    bob, _ = await stage.join()
    await bob.expect("snapshot")
    ada.say({"type": "hello", "v": version, "client": "eve", "name": "Ada", "since": 99})
    assert (await bob.expect("join"))["client"] == welcome["client"]
    ada.say(stroke(1))
    await ada.expect("ack", seq=1)
    assert "resync" not in {message["type"] for message in ada.read()}


async def test_a_token_that_nobody_asked_for_is_ignored(stage: Stage, autojump_clock: object) -> None:
    """A server without accounts serves a hello with a token like one without. [CON-13]"""
    ada, welcome = await stage.join(token="t" * 500)
    assert "t" * 500 not in welcome.values()
    ada.say(stroke(1))
    await ada.expect("ack", seq=1)


# --- who writes -------------------------------------------------------------------------------


async def test_who_wrote_an_op_is_the_session_s_client(stage: Stage, autojump_clock: object) -> None:
    """`by` of the message, and every other name that is the server's, counts for nothing. [ACC-2] [IDN-9]"""
    ada, welcome = await stage.join(client="ada")
    ada.say(stroke(1, by="eve", seq=99, at=1, lamport=10**6, created=[9, "eve", 9]))
    op = await ada.expect("stroke")
    assert (op["by"], op["opId"], op["seq"]) == (welcome["client"], "ada:1", 1)
    assert op["lamport"] <= 2
    assert "created" not in op
    ada.say(stroke(2, opId="eve:1"))
    reject = await ada.expect("reject")
    assert (reject["code"], reject["opId"], reject["retry"]) == ("forged", "eve:1", False)


async def test_a_client_id_is_held_by_its_sessions_and_kept_by_its_ops(
    stage: Stage, autojump_clock: object
) -> None:
    """Free before the first use and after a stay without ops; never again after an op. [IDN-2]"""
    ada, welcome = await stage.join(client="ada")
    assert welcome["client"] == "ada"
    assert (await stage.join(client="ada"))[1]["client"] != "ada"
    ada.hang_up()
    await ada.wait_closed()
    eve, hers = await stage.join(client="ada")
    assert (hers["client"], hers["key"] != welcome["key"]) == ("ada", True)
    eve.say(stroke(1))
    await eve.expect("ack")
    eve.hang_up()
    await eve.wait_closed()
    assert (await stage.join(client="ada", key=welcome["key"]))[1]["client"] != "ada"
    assert (await stage.join(client="ada", key=hers["key"]))[1]["client"] == "ada"


async def test_sessions_of_one_client_share_its_counters(stage: Stage, autojump_clock: object) -> None:
    """Two tabs write under one id; the same number from both is one op, the first that came. [IDN-6] [IDN-8]"""
    one, welcome = await stage.join(client="ada")
    two, again = await stage.join(client="ada", key=welcome["key"])
    assert again["client"] == "ada"
    one.say(stroke(1, opId="ada:10"))
    await one.expect("ack", seq=1)
    two.say(stroke(2, opId="ada:4"))
    await two.expect("ack", seq=2)
    two.say(stroke(3, opId="ada:10"))
    assert (await two.expect("ack"))["seq"] == 1
    two.say(stroke(4))
    assert (await two.expect("ack"))["opId"] == "ada:11"
