"""`python -m benchmarks.bare serve …`: the server without anything that looks at it, for others to be compared with.

No instrument in Trio's way, nothing that could be switched on, nobody who waits for stalls, growth or leaks.
"""

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import trio

from whiteboard import cli, serve
from whiteboard.config import Rates


@asynccontextmanager
async def open_no_sampling(rates: Rates, _: str) -> AsyncIterator[Any]:
    """In the place of `open_sampling`: values, and nothing that runs."""
    yield SimpleNamespace(configured=rates, in_force=rates, report=dict)


@asynccontextmanager
async def open_nothing(*_: object) -> AsyncIterator[None]:
    """In the place of watches: nobody looks."""
    yield


def without_instruments(run: Callable[..., Any]) -> Callable[..., Any]:
    """`trio.run` with those that are given left out."""

    def run_so(*args: Any, instruments: object = (), **how: Any) -> Any:  # noqa: ARG001 - left out
        return run(*args, **how)

    return run_so


if __name__ == "__main__":
    with (
        patch.object(serve, "open_sampling", open_no_sampling),
        patch.object(serve, "open_watches", open_nothing),
        patch.object(serve, "open_leak_watch", open_nothing),
        patch.object(trio, "run", without_instruments(trio.run)),
    ):
        sys.exit(cli.main(sys.argv[1:]))
