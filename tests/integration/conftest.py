"""The real server for tests that speak to it from outside."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from integration.server_process import ServerProcess

from whiteboard import timeouts

Serve = Callable[..., ServerProcess]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start servers: `serve(mode, *options)`; at the end each must end with 0 on SIGTERM.

    Servers of one test share the folder, and so the data directory, unless `folder=` says otherwise.
    """
    with ExitStack() as stack:

        def start(
            mode: str = "sqlite", *options: str, folder: Path | None = None, port: int = 0
        ) -> ServerProcess:
            return stack.enter_context(ServerProcess(folder or tmp_path, mode, *options, port=port))

        yield start


@pytest.fixture(params=["memory", "sqlite"])
def server(request: pytest.FixtureRequest, serve: Serve) -> ServerProcess:
    """A server in each mode."""
    return serve(request.param)


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One server in sqlite mode for all tests of a module."""
    with ServerProcess(tmp_path_factory.mktemp("server"), "sqlite") as running:
        yield running


@pytest.fixture
def quick_return(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients that try again at once, so that the rounds are short."""
    monkeypatch.setattr(timeouts, "CLIENT_RETRY_CAP", timeouts.Timeout("test-retry", 0.1, "short rounds"))
