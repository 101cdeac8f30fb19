"""A browser offers permessage-deflate, and what both sides deflate is understood."""

import pytest
from browser.conftest import Browse
from integration.server_process import ServerProcess

pytestmark = pytest.mark.browser

TALK = """url => new Promise(resolve => {
  const socket = new WebSocket(url), said = [];
  socket.onopen = () => socket.send(JSON.stringify({ type: "hello", name: "é".repeat(64) }));
  socket.onmessage = event => {
    said.push(...[JSON.parse(event.data)].flat());
    if (said.length === 1) socket.send(JSON.stringify({ type: "ping", ts: 7, pad: "x".repeat(5000) }));
    if (said.some(({ type }) => type === "pong")) socket.close(4000);
  };
  socket.onclose = ({ code, wasClean }) => resolve({ extensions: socket.extensions, said, code, wasClean });
})"""


def test_chromium_agrees_on_deflate(browse: Browse, shared_server: ServerProcess, board: str) -> None:
    """It deflates what it sends, is answered, and parts in peace. [CON-19]"""
    page = browse().new_page()
    page.goto(shared_server.url)
    told = page.evaluate(TALK, f"{shared_server.url.replace('http', 'ws', 1).rstrip('/')}/ws/{board}")
    assert told["extensions"].startswith("permessage-deflate; server_no_context_takeover")
    assert told["said"][0]["type"] == "welcome"
    assert (told["code"], told["wasClean"]) == (4000, True)
