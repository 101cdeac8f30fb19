"""Pages behind a real nginx, below a path, on two servers that share a Redis (R35, R36)."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from browser.conftest import Browse, expect_same
from browser.person import meet, zigzag
from integration.server_process import ServerProcess
from services.nginx_process import nginx_running
from services.redis_process import redis_running

pytestmark = pytest.mark.browser

BEHIND = ("--base-path", "/wb", "--trusted-proxies", "127.0.0.1")


class Below(ServerProcess):
    """A server whose own paths lie below /wb."""

    def request(self, method: str, path: str) -> tuple[int, dict[str, object]]:
        return super().request(method, f"/wb{path}")


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[list[ServerProcess]]:
    """Two servers on one Redis."""
    folders = [tmp_path / name for name in ("redis", "one", "other", "nginx")]
    for folder in folders:
        folder.mkdir()
    with ExitStack() as stack:
        redis = stack.enter_context(redis_running(folders[0]))
        yield [
            stack.enter_context(Below(folder, "redis", "--redis-addr", redis.address, *BEHIND))
            for folder in folders[1:3]
        ]


def test_drawing_through_nginx_while_a_server_is_lost(
    servers: list[ServerProcess], browse: Browse, tmp_path: Path
) -> None:
    """All stays below the path; when a server is killed, its people go on at the other and lose nothing."""
    changes = {f"127.0.0.1:{8080 + n} ": f"127.0.0.1:{server.port} " for n, server in enumerate(servers)}
    changes = {f"server {old}max": f"server {new}max" for old, new in changes.items()}
    with nginx_running(tmp_path / "nginx", "nginx/whiteboard.conf", changes) as front:
        people = [meet(browse()) for _ in range(2)]
        addresses: list[str] = []
        for person in people:
            person.expects_network_trouble = True
            person.page.on("request", lambda request: addresses.append(request.url))
            person.page.on("websocket", lambda socket: addresses.append(socket.url))
            person.open(f"{front}/wb/b/through-nginx")
        ada, lin = people
        first = ada.draw(*zigzag(200, 200))
        lin.sees(id=first)
        for server in servers:
            server.kill()
            drawn = [person.draw(*zigzag(200, 300 + 60 * n)) for n, person in enumerate(people)]
            for person in people:
                person.settles()
                for element in drawn:
                    person.sees(id=element)
            server.start()
        assert len(expect_same(servers[0], "through-nginx", *people)) == 5
        expect_same(servers[1], "through-nginx", *people)
        for person in people:
            assert person.troubles == []
    assert [one for one in addresses if not re.match(rf"(http|ws)://{front[7:]}/wb/", one)] == []
    assert any(one.startswith("ws:") for one in addresses)
