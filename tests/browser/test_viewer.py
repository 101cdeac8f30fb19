"""A person who may look and not draw, as a permission hook says (R33)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser.conftest import Browse, Invite, stored
from browser.person import meet, zigzag
from integration.server_process import ServerProcess
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

EDITOR, VIEWER = "token-of-an-editor", "token-of-a-viewer"


@pytest.fixture
def guarded_server(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server on which one token draws and another one looks."""
    tokens = tmp_path / "tokens.toml"
    tokens.write_text(
        f'[[people]]\nname = "ed"\ntoken = "{EDITOR}"\neditor = ["*"]\n'
        f'[[people]]\nname = "vi"\ntoken = "{VIEWER}"\nviewer = ["*"]\n'
    )
    options = ("--permissions", "tokens", "--permission-options", f"tokens.file={tokens}")
    with ServerProcess(tmp_path, "memory", *options) as running:
        yield running


def test_a_viewer_sees_and_cannot_draw(guarded_server: ServerProcess, invite: Invite, board: str) -> None:
    """Tools that change the board are off and the light says so, in both languages; what others draw is seen. [HEL-13]"""
    path = f"/b/{board}?token="
    editor = invite(guarded_server, name="Ed", path=path + EDITOR)
    viewer = invite(guarded_server, name="Vi", path=path + VIEWER)
    chinese = invite(guarded_server, name="看", path=path + VIEWER, locale="zh-CN")
    expect(viewer.page.get_by_test_id("status")).to_contain_text("View only")
    expect(chinese.page.get_by_test_id("status")).to_contain_text("只读")
    for tool in ("pen", "rectangle", "text"):
        expect(viewer.page.locator(f'[data-tool="{tool}"]')).to_be_disabled()
        expect(editor.page.locator(f'[data-tool="{tool}"]')).to_be_enabled()
    for tool in ("select", "hand", "laser"):
        expect(viewer.page.locator(f'[data-tool="{tool}"]')).to_be_enabled()
    drawn = editor.shape("rectangle", (300, 300), (400, 380))
    viewer.sees(id=drawn)
    viewer.drag(*zigzag(200, 200, teeth=3))
    expect(viewer.page.get_by_text("You may look at this board, but not change it.")).to_be_visible()
    assert [element["id"] for element in stored(guarded_server, board)] == [drawn]


def test_the_first_page_hands_a_token_on(guarded_server: ServerProcess, browse: Browse) -> None:
    """Who comes to `/` with one begins a board with it; the server is asked by somebody who is not its operator. [HTTP-24]"""
    person = meet(browse(extra_http_headers={"X-Forwarded-For": "192.0.2.1"}))
    person.page.goto(f"{guarded_server.url}/?token={VIEWER}")
    person.page.get_by_test_id("create").click()
    expect(person.page.get_by_test_id("create-trouble")).to_contain_text("not create or change")
    person.troubles.clear()  # Chromium logs a 403
    person.page.goto(f"{guarded_server.url}/?token={EDITOR}")
    person.page.get_by_test_id("create").click()
    person.arrives()
    assert person.page.url.endswith(f"?token={EDITOR}")
    expect(person.page.locator('[data-tool="pen"]')).to_be_enabled()
    assert person.troubles == []


def test_who_has_no_token_is_told(guarded_server: ServerProcess, browse: Browse, board: str) -> None:
    """The page says why it is not connected, and does not try for ever. [CON-18] [CLS-2]"""
    stranger = meet(browse())
    stranger.page.goto(f"{guarded_server.url}/b/{board}?token=a-token-of-nobody")
    expect(stranger.page.get_by_test_id("status")).to_contain_text("this token is nobody's")
    expect(stranger.page.get_by_text("Opening the board")).to_be_hidden()
    assert stranger.troubles == []
