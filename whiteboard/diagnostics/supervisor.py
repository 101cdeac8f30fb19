"""What the process manager that started us is told: ready, stopping, alive (sd_notify(3), systemd's and others').

A few datagrams to a Unix socket that the manager names in NOTIFY_SOCKET; without that name nothing happens. Must not
know what the server does; who calls says when it is ready.
"""

import os
import socket
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from typing import Final, Self

import trio

from whiteboard import timeouts
from whiteboard.deadlines import deadline
from whiteboard.diagnostics import logs

log = logs.get_logger()

_MICROSECONDS: Final = 1_000_000
_BEATS: Final = 2
"""In the time after which the manager takes us for dead (sd_watchdog_enabled(3): half of it)."""


class Supervisor:
    """Whoever started the process and wants to hear how it is. Made by `of`, or for nobody."""

    def __init__(self, address: str = "", watchdog_seconds: float | None = None) -> None:
        self._address = address
        self._watchdog_seconds = watchdog_seconds

    @classmethod
    def of(cls, environ: MutableMapping[str, str]) -> Self:
        """Whom the environment names; takes the names out, for children are none of the manager's concern."""
        address = environ.pop("NOTIFY_SOCKET", "")
        microseconds, pid = environ.pop("WATCHDOG_USEC", ""), environ.pop("WATCHDOG_PID", "")
        is_watched = microseconds.isdecimal() and int(microseconds) > 0 and pid in {"", str(os.getpid())}
        return cls(address, int(microseconds) / _MICROSECONDS if is_watched else None)

    async def ready(self, status: str) -> None:
        """Sessions can come; `status` is one line for people."""
        await self._tell("READY=1", f"STATUS={status}")

    async def stopping(self, status: str, within: float) -> None:
        """The end has begun, and takes `within` seconds at most: it is not to be cut short before."""
        await self._tell(
            "STOPPING=1", f"STATUS={status}", f"EXTEND_TIMEOUT_USEC={round(within * _MICROSECONDS)}"
        )

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """While the block runs, show that the event loop does, if the manager asked for that.

        Child: the beat. It is cancelled when the block ends.
        """
        async with trio.open_nursery() as nursery:
            if self._watchdog_seconds is not None:
                nursery.start_soon(self._beat, self._watchdog_seconds / _BEATS)
            yield
            nursery.cancel_scope.cancel()

    async def _beat(self, seconds: float) -> None:
        while True:
            await self._tell("WATCHDOG=1")
            await trio.sleep(seconds)

    async def _tell(self, *lines: str) -> None:
        """Send one datagram. A manager that cannot be told is logged and stops nobody."""
        if not self._address:
            return
        where = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with deadline(timeouts.SUPERVISOR):
                with trio.socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
                    await sock.connect(
                        where
                    )  # only a connected one is not writable while the other's queue is full
                    await sock.send("\n".join(lines).encode())
        except (OSError, ValueError, trio.TooSlowError) as error:
            log.warning(
                "supervisor_not_told", address=self._address, reason=str(error) or type(error).__name__
            )
