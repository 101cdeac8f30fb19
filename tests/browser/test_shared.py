"""People at pages of two servers that share a Redis (R30)."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from browser.conftest import Invite, expect_same
from browser.person import zigzag
from integration.server_process import ServerProcess
from playwright.sync_api import expect
from services.redis_process import redis_running

pytestmark = pytest.mark.browser


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[list[ServerProcess]]:
    """Two servers on one Redis."""
    folders = [tmp_path / name for name in ("redis", "one", "other")]
    for folder in folders:
        folder.mkdir()
    with ExitStack() as stack:
        redis = stack.enter_context(redis_running(folders[0]))
        yield [
            stack.enter_context(ServerProcess(folder, "redis", "--redis-addr", redis.address))
            for folder in folders[1:]
        ]


def test_two_people_at_two_servers(servers: list[ServerProcess], invite: Invite, board: str) -> None:
    """A stroke is seen at the other server while it is drawn, with the name of who draws it; both end with one board. [R20, R21]"""
    one, other = servers
    ada, lin = invite(one, name="Ada"), invite(other, name="Lin")
    path = zigzag(200, 200, teeth=8)
    ada.press_down(path[0])
    ada.drag_on(path[1:10])
    lin.sees_count(1)
    expect(lin.page.get_by_text("Ada").first).to_be_visible()
    ada.drag_on(path[10:])
    ada.let_go()
    theirs = lin.shape("rectangle", (400, 400), (500, 480))
    ada.sees(id=theirs)
    assert len(expect_same(one, board, ada, lin)) == 2
    expect_same(other, board, ada, lin)
