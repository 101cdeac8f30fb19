"""A real server in this process, on a free port of loopback, with nothing kept behind its end."""

import contextlib
import io
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
import trio

from whiteboard import config, serve
from whiteboard.composition.stores import storage_of
from whiteboard.diagnostics import tasks
from whiteboard.diagnostics.supervisor import Supervisor


@attrs.frozen
class House:
    """The server, for those who visit it."""

    host: str
    port: int


class _Porch(Supervisor):
    """Hears when the server is ready."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = trio.Event()

    async def ready(self, status: str) -> None:
        self.opened.set()
        await super().ready(status)


@asynccontextmanager
async def open_house(mode: str = "sqlite") -> AsyncIterator[House]:
    """Serve while the block runs. Child: the server.

    Args: `mode` as the setting of that name.

    Raises StartupError, ConfigError.
    """
    port = await _free_port()
    with tempfile.TemporaryDirectory(prefix="leakcheck-") as folder:
        settings = config.load(_flags(mode, port, Path(folder)), {})
        ages, porch = tasks.TaskAges(), _Porch()
        trio.lowlevel.add_instrument(ages)
        try:
            async with trio.open_nursery() as nursery:
                with contextlib.redirect_stdout(
                    io.StringIO()
                ):  # it says where it is, which nobody is to know
                    nursery.start_soon(serve.serve, settings, storage_of(settings), ages, None, porch)
                    await porch.opened.wait()
                yield House("127.0.0.1", port)
                nursery.cancel_scope.cancel()
        finally:
            trio.lowlevel.remove_instrument(ages)


def _flags(mode: str, port: int, folder: Path) -> dict[str, str]:
    """Stalls are not watched: counting all objects stops the loop for as long as there are many, and is our own doing."""
    return {
        "mode": mode,
        "addr": f"127.0.0.1:{port}",
        "data": str(folder / "data"),
        "sampling.stall_ms": "0",
    }


async def _free_port() -> int:
    with trio.socket.socket() as probe:
        await probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
