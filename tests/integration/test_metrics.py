"""`/metrics` of a real server: what it counts, of each worker (R55)."""

from contextlib import suppress
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
import trio
from integration.bare_socket import BareSocket, Ended, bare_socket
from integration.polling import until
from integration.server_process import ServerProcess
from prometheus_client.parser import text_string_to_metric_families as parse

pytestmark = pytest.mark.integration
OPS = 70


async def scraped(server: ServerProcess) -> dict[str, float]:
    """Values by `name` or `name{label=value,…}`."""
    asked = Request(f"{server.url}/metrics")
    text = await trio.to_thread.run_sync(lambda: urlopen(asked, timeout=10).read().decode())
    found = {}
    for family in parse(text):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


async def draw(socket: BareSocket, ops: int) -> None:
    """Notes, each acked before the next."""
    for number in range(ops):
        await socket.say({"type": "note", "id": f"n{number}", "x": number})
        await socket.hear_kind("ack")


@pytest.mark.parametrize("mode", ["memory", "sqlite"])
async def test_what_happens_is_counted(mode: str, tmp_path: Path) -> None:
    """Sessions, boards, messages, bytes, ops and their times; how sessions ended; what the process is. [HTTP-25]"""
    with ServerProcess(tmp_path, mode) as server:
        async with bare_socket(server.url, "b") as one, bare_socket(server.url, "b") as two:
            await one.enter()
            await two.enter()
            await draw(one, OPS)
            await two.say({"type": "cursor", "x": 1, "y": 2})
            await one.hear_kind("cursors")
            drawing = await scraped(server)
        async with bare_socket(server.url, "b") as bad:
            await bad.enter()
            with suppress(Ended):
                while True:
                    await bad.say({"type": "nonsense"})
                    await bad.hear_kind("error")

        async def all_gone() -> bool:
            return (await scraped(server))["whiteboard_connections"] == 0

        await until(all_gone)
        after = await scraped(server)
    assert drawing["whiteboard_connections"] == 2
    assert drawing["whiteboard_boards_loaded"] == 1
    assert drawing["whiteboard_ops_total"] == OPS
    assert drawing["whiteboard_messages_total{direction=in,type=op}"] == OPS
    assert drawing["whiteboard_messages_total{direction=in,type=cursor}"] == 1
    assert drawing["whiteboard_messages_total{direction=out,type=ops}"] >= OPS
    assert (
        drawing[
            "whiteboard_op_apply_seconds_count"
            if mode == "memory"
            else "whiteboard_storage_write_seconds_count"
        ]
        > 0
    )
    assert drawing["whiteboard_broadcast_seconds_count"] > 0
    assert drawing["whiteboard_message_bytes_total{direction=in}"] > OPS * 40
    assert drawing["process_resident_memory_bytes"] > 10 << 20
    assert after["whiteboard_connections_total{outcome=bad message}"] == 1
    assert after["whiteboard_connections_total{outcome=peer lost}"] == 2, "they say no goodbye"
    assert any(name.startswith("whiteboard_build_info{python=") for name in after)
    assert not any("=b}" in name or "board=" in name for name in after), "no label for each board"


async def test_each_worker_has_its_own_samples(tmp_path: Path) -> None:
    """Whichever worker answers, all of them are told, each with its number. [HTTP-25]"""
    with ServerProcess(tmp_path, "sqlite", "--workers", "2") as server:
        async with trio.open_nursery() as nursery:
            for board in ("a", "b", "c", "d"):
                socket = await nursery.start(keep_open, server, board)
                await draw(socket, 2)
            told = await scraped(server)
            nursery.cancel_scope.cancel()
    assert sum(told[f"whiteboard_connections{{worker={number}}}"] for number in (0, 1)) == 4
    assert sum(told[f"whiteboard_ops_total{{worker={number}}}"] for number in (0, 1)) == 8
    assert told["whiteboard_broadcast_seconds_count{worker=0}"] >= 0
    assert sum(value for name, value in told.items() if name.startswith("whiteboard_build_info")) == 2


async def keep_open(
    server: ServerProcess, board: str, *, task_status: trio.TaskStatus[BareSocket] = trio.TASK_STATUS_IGNORED
) -> None:
    """A session that stays until cancelled."""
    async with bare_socket(server.url, board) as socket:
        await socket.enter()
        task_status.started(socket)
        await trio.sleep_forever()
