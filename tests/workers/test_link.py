"""The way between front and worker."""

import os
import socket
import subprocess
import sys

import pytest
import trio

from whiteboard import limits
from whiteboard.workers.link import Kind, Link, LinkLost

Links = tuple[Link, Link]


async def test_messages_arrive_whole_and_in_order(links: Links) -> None:
    """However large one may be, and whatever it holds."""
    near, far = links
    payloads = [b"", b"x" * (limits.MAX_HEAD_BYTES + limits.RECEIVE_BYTES), b"last"]
    for payload in payloads:
        await near.send(Kind.CONNECTION, payload)
    parcels = [await far.receive() for _ in payloads]
    assert [parcel.payload for parcel in parcels] == payloads
    assert {(parcel.kind, parcel.passed) for parcel in parcels} == {(Kind.CONNECTION, None)}


async def test_a_socket_goes_through(links: Links) -> None:
    """What was sent to it before can be read there, it does not block, and no child would inherit it."""
    near, far = links
    ours, theirs = socket.socketpair()
    with ours:
        ours.send(b"hello")
        with theirs:
            await near.send(Kind.CONNECTION, b"begun", theirs)
        parcel = await far.receive()
        assert parcel.passed is not None
        with parcel.passed as passed:
            assert (parcel.payload, passed.recv(5)) == (b"begun", b"hello")
            assert not passed.getblocking()
            assert not passed.get_inheritable()


async def test_an_end_that_is_gone_shows(links: Links) -> None:
    """To who listens, before and after it began, and to who sends; what was sent before arrives."""
    near, far = links
    await far.send(Kind.READY)
    async with trio.open_nursery() as nursery:

        async def listen() -> None:
            assert (await near.receive()).kind is Kind.READY
            with pytest.raises(LinkLost):
                await near.receive()

        nursery.start_soon(listen)
        await trio.testing.wait_all_tasks_blocked()
        far.close()
    with pytest.raises(LinkLost):
        near.send_nowait(Kind.DRAIN)


async def test_a_link_that_is_closed_here_wakes_who_waits(links: Links) -> None:
    """A listener and a sender that waits for the other end both hear of it."""
    near, _ = links

    async def listen() -> None:
        with pytest.raises(LinkLost):
            await near.receive()

    async def fill() -> None:
        while True:
            await near.send(Kind.CONNECTION, bytes(10_000))

    async def send() -> None:
        with pytest.raises(LinkLost):
            await fill()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(listen)
        nursery.start_soon(send)
        await trio.testing.wait_all_tasks_blocked()
        near.close()
        near.close()


async def test_who_sends_waits_for_an_end_that_is_behind(links: Links) -> None:
    """Nothing is lost and nothing piles up here: sending goes on as the other end takes."""
    near, far = links
    count = 200
    taken = 0

    async def send() -> None:
        for number in range(count):
            await near.send(Kind.CONNECTION, number.to_bytes(4, "big") + bytes(10_000))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(send)
        await trio.testing.wait_all_tasks_blocked()
        assert not near.send_nowait(Kind.CONNECTION, bytes(10_000))
        while taken < count:
            parcel = await far.receive()
            assert int.from_bytes(parcel.payload[:4], "big") == taken
            taken += 1


SHORT = """
import os, resource, socket
import trio
from whiteboard.workers.link import Kind, Link, link_pair

async def run(count):
    one, other = link_pair()
    with Link(one) as near, Link(other) as far, socket.socket() as passed:
        async with trio.open_nursery() as nursery:
            async def send():
                for _ in range(count):
                    await near.send(Kind.CONNECTION, b"", passed)
            nursery.start_soon(send)
            while near.send_nowait(Kind.READY, b"", passed):
                pass
            got = 0
            while got < count:
                parcel = await far.receive()
                parcel.passed.close()
                got += parcel.kind is Kind.CONNECTION
    print(got)

if os.getuid() == 0:  # root is not bound by it
    os.setgid(65534)
    os.setuid(65534)
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
trio.run(run, 300)
"""


@pytest.mark.integration
def test_too_many_descriptors_on_their_way_are_no_lost_link() -> None:
    """The system bounds them for all links together: sending goes on when others were taken."""
    # Whoever it is then may not write down which lines it ran.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    ended = subprocess.run(
        [sys.executable, "-P", "-c", SHORT],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env=environ,
    )
    assert (ended.stdout, ended.stderr) == ("300\n", "")
