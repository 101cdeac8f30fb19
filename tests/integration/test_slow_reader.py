"""One client that stops reading while others draw (R14)."""

import statistics
import time

import pytest
import trio
from integration.bare_socket import BareSocket, Ended, bare_socket
from integration.server_process import ServerProcess

from whiteboard.client import Ack, BoardClient, open_board

pytestmark = [pytest.mark.integration, pytest.mark.alone]

DRAWERS = 10
OPS = 40
POINTS = [[number + 0.123456, number + 0.654321, 0.5] for number in range(500)]
"""About 11 KB of points per op: 400 ops are far more than a socket and its budget take."""
MEMORY_BYTES = 48 << 20
"""What the server may grow by meanwhile: the board itself, its tail, one outbox, and slack."""

NOISE_MS = 500
"""Other work on the machine; a server that waited for the slow one would take SLOW_CLIENT, 10 s."""


async def draw(board: BoardClient, name: str, latencies: list[float]) -> None:
    """Draw strokes one after the other and note how long each answer took."""
    for number in range(OPS):
        began = time.perf_counter()
        answer = await board.stroke(POINTS, element=f"{name}-{number}")
        latencies.append(time.perf_counter() - began)
        assert isinstance(answer, Ack)


async def draw_together(server: ServerProcess, name: str) -> list[float]:
    """Ten clients draw at once; how long the answers took."""
    latencies: list[float] = []
    async with trio.open_nursery() as nursery:
        for number in range(DRAWERS):
            nursery.start_soon(draw_alone, server, f"{name}{number}", latencies)
    return latencies


async def draw_alone(server: ServerProcess, name: str, latencies: list[float]) -> None:
    """One of them."""
    async with open_board(server.url, "b") as board:
        await draw(board, name, latencies)


async def test_slow_reader_costs_nothing_and_nobody(server: ServerProcess) -> None:
    """It delays no other, memory stays bounded, and what it missed comes when it reads again."""
    usual = await draw_together(server, "warm")
    async with bare_socket(server.url, "b") as slow:
        welcome = await slow.enter()
        assert welcome["seq"] == DRAWERS * OPS
        before = server.rss_bytes()
        beside = await draw_together(server, "slow")
        grown = server.rss_bytes() - before
        seen, last = await read_on(slow, 2 * DRAWERS * OPS)
    medians = [statistics.median(usual) * 1e3, statistics.median(beside) * 1e3]
    print(
        f"\n{server.mode}: ack p50 {medians[0]:.1f} ms alone, {medians[1]:.1f} ms beside a slow reader;"
        f" server grew {grown / (1 << 20):.1f} MiB; the slow one then {seen}"
    )
    assert medians[1] < 3 * medians[0] + NOISE_MS
    assert grown < MEMORY_BYTES
    assert last == 2 * DRAWERS * OPS


async def read_on(slow: BareSocket, head: int) -> tuple[str, int]:
    """Read until the head: through the ops without a gap, or a snapshot after a `resync`."""
    last = head // 2
    how = "got every op in order"
    while last < head:
        try:
            message = await slow.hear()
        except Ended as ended:
            return f"was closed with {ended.code}", head if ended.code == 4408 else last
        if message["type"] == "resync":
            how = "was resynced"
        elif message["type"] == "snapshot" and message["part"] == message["parts"]:
            last = message["seq"]
        elif "seq" in message and message["type"] == "stroke":
            assert message["seq"] == last + 1
            last = message["seq"]
    return how, last
