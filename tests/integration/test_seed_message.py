"""The seed's message, alone on a bare socket (R3)."""

import pytest
from integration.bare_socket import BareSocket, bare_socket
from integration.conftest import Serve
from integration.server_process import Json, ServerProcess

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("uncounted_processes")]

SEED = b'{"type":"stroke","points":[[10,20],[30,40]],"id":"s1"}'


async def test_seed_message_is_acked_broadcast_and_stored(server: ServerProcess) -> None:
    """With no hello before it the message gets seq 1, goes to all and is in the API. [HEL-2] [ACK-3] [BRC-5]"""
    async with bare_socket(server.url, "b") as other, bare_socket(server.url, "b") as author:
        await other.enter()
        await author.send_raw(seed_frame())
        welcome = await author.hear()
        assert welcome["type"] == "welcome"
        ack = await author.hear_kind("ack")
        assert (ack["id"], ack["seq"]) == ("s1", 1)
        assert ack["durable"] == welcome["durable"] == {"memory": "memory", "sqlite": "disk"}[server.mode]
        op = await other.hear_kind("stroke")
        assert (op["seq"], op["id"], op["points"]) == (1, "s1", [[10, 20], [30, 40]])
        assert op["by"] == welcome["client"]
        assert op["opId"] == ack["opId"]
    board = await server.board("b")
    assert board["seq"] == 1
    (element,) = board["elements"]
    assert element == {"id": "s1", "type": "stroke", "by": op["by"], "points": [[10, 20], [30, 40]]}
    assert await server.ops("b") == [op]
    print(f"\n{server.mode}: acked seq {ack['seq']} durable {ack['durable']}; stored {element}")


async def test_author_hears_its_own_op(server: ServerProcess) -> None:
    """The author gets its op as everybody does. [BRC-1]"""
    async with bare_socket(server.url, "b") as author:
        await author.send_raw(seed_frame())
        heard: dict[str, Json] = {}
        while not {"ack", "stroke"} <= heard.keys():
            message = await author.hear()
            heard[message["type"]] = message
        assert heard["stroke"]["seq"] == heard["ack"]["seq"] == 1


async def test_silent_listener_is_welcomed(server: ServerProcess) -> None:
    """Who connects and says nothing is taken in after the hello deadline. [HEL-2]"""
    async with bare_socket(server.url, "b") as listener:
        assert (await listener.hear())["type"] == "welcome"
        assert (await listener.hear())["type"] == "snapshot"


async def test_what_was_stored_survives_a_restart(serve: Serve) -> None:
    """In sqlite mode the stroke is there after `kill -9`, under the same seq."""
    server = serve("sqlite")
    async with bare_socket(server.url, "b") as author:
        await author.send_raw(seed_frame())
        ack = await author.hear_kind("ack")
    server.kill()
    server.start()
    (op,) = await server.ops("b")
    assert (op["seq"], op["opId"]) == (1, ack["opId"])


async def test_many_thin_clients_at_once(server: ServerProcess) -> None:
    """Twenty bare sockets that each say the seed's message on one board are all acked, gaplessly."""
    sockets = [await BareSocket.open(server.url, "b") for _ in range(20)]
    for number, one in enumerate(sockets):
        await one.say({"type": "stroke", "points": [[0, 0]], "id": f"s{number}"})
    seqs = [(await one.hear_kind("ack"))["seq"] for one in sockets]
    assert sorted(seqs) == list(range(1, 21))
    for one in sockets:
        await one.close()


def seed_frame() -> bytes:
    """The seed's message as a masked frame."""
    size = bytes([0x81, 0x80 | len(SEED)])
    return size + b"\0\0\0\0" + SEED
