"""Scenarios at the edges: HTTP, sockets without peers, permission hooks, memory."""

import socket
from contextlib import suppress
from functools import partial

import trio
import trio.testing
from starlette.requests import Request
from starlette.types import Message
from timeouts.scenarios.book import ALMOST, SURELY, SURELY_NOT, before_and_after, is_about, later, scenario

from whiteboard import limits, timeouts
from whiteboard.plugins.asking import Asking, NoAnswer
from whiteboard.timeouts import Timeout
from whiteboard.transport.head_reading import read_head
from whiteboard.transport.http_answer import answer_and_close, retry_after
from whiteboard.transport.http_lifetime import Lifetime
from whiteboard.transport.stragglers import open_stragglers
from whiteboard.transport.wire import Wire
from whiteboard.web.answers import Refused
from whiteboard.web.bodies import read_body
from whiteboard.web.placed import take_place
from whiteboard.workers.entrance import Entrance


@scenario("a place comes free", late="told to come back")
async def a_place_comes_free(entry: Timeout) -> str:
    """All places are taken; one comes free just in time."""
    places, end = trio.Semaphore(0), "got it"
    async with trio.open_nursery() as nursery:
        nursery.start_soon(later, ALMOST * entry.default, places.release)
        try:
            await take_place(places, entry, "all are taken")
        except Refused as refused:
            end = "told to come back" if refused.status_code == 503 else str(refused)
    return end


@scenario("a slow body", late="408")
async def a_slow_body(entry: Timeout) -> str:
    """The last piece of a request's body comes just in time."""
    pieces = 9

    async def receive() -> Message:
        nonlocal pieces
        await trio.sleep(ALMOST * entry.default / 9)
        pieces -= 1
        return {"type": "http.request", "body": b"x", "more_body": pieces > 0}

    request = Request({"type": "http", "method": "POST", "path": "/", "headers": []}, receive)
    try:
        return f"{len(await read_body(request, 100, entry))} bytes"
    except Refused as refused:
        return str(refused.status_code)


@scenario("a slow head", late="408")
async def a_slow_head(entry: Timeout) -> str:
    """The end of a request's head comes just in time; later it gets an answer that says so."""
    ours, theirs = socket.socketpair()
    for one in (ours, theirs):
        one.setblocking(False)
    with Wire(ours) as wire, theirs:
        theirs.send(b"GET / HTTP/1.1\r\n")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(later, ALMOST * entry.default, partial(_end_head, theirs))
            head = await read_head(wire)
        if head is None:
            return "408" if theirs.recv(100).startswith(b"HTTP/1.1 408") else "nothing"
        return head.decode()


def _end_head(sock: socket.socket) -> None:
    with suppress(BrokenPipeError):  # it has been told that it took too long
        sock.send(b"\r\n")


@scenario("the last one to be let in speaks", late="unheard")
async def the_last_one_speaks(entry: Timeout) -> str:
    """A server stops and hears out who is at the entrance: somebody whose head comes just in time."""
    ours, theirs = socket.socketpair()
    for one in (ours, theirs):
        one.setblocking(False)
    given: list[bytes] = []

    async def give(_sock: socket.socket, data: bytes, _board: object) -> bool:
        await trio.lowlevel.checkpoint()
        given.append(data)
        return True

    entrance = Entrance(give)
    with theirs:
        theirs.send(b"GET / HTTP/1.1\r\n")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(entrance.serve, ours)
            nursery.start_soon(later, ALMOST * entry.default, partial(theirs.send, b"\r\n"))
            await trio.testing.wait_all_tasks_blocked()
            await entrance.hear_out()
            nursery.cancel_scope.cancel()
    return "heard" if given else "unheard"


@scenario("a short answer nobody reads")
async def a_short_answer_nobody_reads(entry: Timeout) -> str:
    """The peer neither reads nor closes: the wire is closed all the same, when that has lingered."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    began = trio.current_time()
    with theirs:
        await answer_and_close(Wire(ours), 503, {})
        return f"lingered: {is_about(trio.current_time() - began, entry)}"


@scenario("somebody is told when to come back")
async def somebody_is_told_when_to_come_back(entry: Timeout) -> str:
    """In whole seconds, in the header of a 503."""
    name, seconds = retry_after()
    return f"{name} says so: {is_about(float(seconds), entry)}"


@scenario("a straggler")
async def a_straggler(entry: Timeout) -> str:
    """Who reads on within the time is let, who does not is gone after it."""
    ended: list[str] = []

    async def part(name: str, seconds: float) -> None:
        await trio.sleep(seconds)
        ended.append(name)

    async with open_stragglers() as stragglers:
        stragglers.see_off(lambda: part("soon", SURELY_NOT * entry.default))
        stragglers.see_off(lambda: part("late", SURELY * entry.default))
        await trio.sleep(2 * entry.default)
        return f"{ended}, left: {len(stragglers)}"


def _question(entry: Timeout, seconds: float) -> Asking[str, str]:
    async def answer(question: str) -> str:
        await trio.sleep(seconds)
        return f"yes, {question}"

    return Asking("it", "change", answer, lambda given: isinstance(given, str), entry)


@scenario("a slow hook", late="no answer")
async def a_slow_hook(entry: Timeout) -> str:
    """A permission hook answers just in time; later it counts as late, and what it guards is refused."""
    given = await _question(entry, ALMOST * entry.default).ask("may I")
    return "no answer" if isinstance(given, NoAnswer) else given


@scenario("a hook that is left alone")
async def a_hook_that_is_left_alone(entry: Timeout) -> str:
    """Too late again and again: not asked for the pause, then tried with one question."""
    one = _question(timeouts.HOOK_OP, 10 * timeouts.HOOK_OP.default)
    for _ in range(limits.HOOK_PATIENCE):
        await one.ask("may I")
    asked = []
    for wait in before_and_after(entry):
        await trio.sleep(wait)
        await one.ask("may I")
        asked.append(one.asked - limits.HOOK_PATIENCE)
    return f"asked: {asked}"


@scenario("an idle connection")
async def an_idle_connection(entry: Timeout) -> str:
    """A page's next request finds it open; one that comes much later opens another."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    ended = []
    with theirs, Wire(ours) as wire:
        for idle in (SURELY_NOT, SURELY):
            life = Lifetime(wire)
            with life.scope:
                with life.request():
                    await trio.sleep(10 * entry.default)
                await trio.sleep(idle * entry.default)
            ended.append(life.scope.cancelled_caught)
    return f"ended: {ended}"
