"""Pictures on the board: brought in three ways, seen by others, changed like anything else, and never lost silently (R32)."""

import base64
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser.conftest import Browse, Invite, expect_same, stored
from browser.person import At, Person
from browser.picture import picture
from integration.server_process import Json, ServerProcess
from playwright.sync_api import expect
from services.redis_process import redis_running
from services.waiting import until
from web.pictures_made import png

pytestmark = pytest.mark.browser

RED, BLUE = png(60, 40, (220, 30, 30)), png(50, 50, (30, 60, 220))
RED_NAME = hashlib.sha256(RED).hexdigest()

MAKE_FILES = """files => {
  const data = new DataTransfer();
  for (const { name, type, bytes } of files)
    data.items.add(new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], name, { type }));
  return data;
}"""
PASTE = f"""files => document.dispatchEvent(
  new ClipboardEvent("paste", {{ clipboardData: ({MAKE_FILES})(files), bubbles: true, cancelable: true }}))"""
DROP = f"""([files, x, y]) => {{
  const dataTransfer = ({MAKE_FILES})(files), at = {{ clientX: x, clientY: y, bubbles: true, cancelable: true, dataTransfer }};
  const over = new DragEvent("dragover", at);
  whiteboard.desk.stage.dispatchEvent(over);
  if (!over.defaultPrevented) throw new Error("the browser would leave the board");
  whiteboard.desk.stage.dispatchEvent(new DragEvent("drop", at));
}}"""
PHOTO = """([width, height]) => new Promise((resolve) => {
  const canvas = Object.assign(document.createElement("canvas"), { width, height }), ctx = canvas.getContext("2d");
  const fade = ctx.createLinearGradient(0, 0, width, height);
  fade.addColorStop(0, "#f08c00"), fade.addColorStop(1, "#4263eb");
  ctx.fillStyle = fade, ctx.fillRect(0, 0, width, height);
  canvas.toBlob((blob) => new Response(blob).arrayBuffer().then((b) => resolve(btoa(Array.from(new Uint8Array(b), (c) => String.fromCharCode(c)).join("")))), "image/jpeg", 0.95);
})"""


def file(body: bytes, name: str = "picture.png", kind: str = "image/png") -> Json:
    """A file as a browser is given it."""
    return {"name": name, "type": kind, "bytes": base64.b64encode(body).decode()}


def paste(person: Person, *files: Json) -> None:
    """Paste pictures."""
    person.ask(PASTE, list(files))


def drop(person: Person, at: At, *files: Json) -> None:
    """Drop files on the board."""
    person.ask(DROP, [list(files), *at])


def only_image(person: Person) -> Json:
    """The one picture on the board, once it is shown with its own pixels."""
    person.wait("probe.has({ type: 'image' })")
    (found,) = [el for el in person.elements if el["type"] == "image"]
    person.wait("asset => whiteboard.desk.album.entries.get(asset)?.state === 'ready'", found["asset"])
    return found


def color_at(person: Person, at: At) -> tuple[int, int, int]:
    """The pixel there."""
    return picture(person, at[0], at[1], 1, 1)[0][0]


def fetched(server: ServerProcess, board: str, asset: str) -> bytes:
    """The bytes that the server has."""
    from http.client import HTTPConnection

    connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("GET", f"/api/boards/{board}/assets/{asset}")
    answer = connection.getresponse()
    assert answer.status == 200
    body = answer.read()
    connection.close()
    return body


@pytest.fixture
def based_server(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server below a path."""
    with ServerProcess(tmp_path, "memory", "--base-path", "/wb") as running:
        yield running


def test_a_pasted_picture_is_everybodys(invite: Invite, shared_server: ServerProcess, board: str) -> None:
    """It is where the pointer was, selected, with its own pixels and size; a second person sees the same. [HTTP-19]"""
    ada, lin = invite(shared_server), invite(shared_server)
    ada.page.mouse.move(400, 300)
    paste(ada, file(RED))
    made = only_image(ada)
    assert (made["asset"], made["w"], made["h"]) == (RED_NAME, 60, 40)
    assert ada.middle(made["id"]) == pytest.approx((400, 300), abs=1)
    assert ada.ask("[...whiteboard.desk.selection]") == [made["id"]]
    expect(ada.find("arrival")).to_have_count(0)
    only_image(lin)
    assert color_at(ada, (400, 300)) == (220, 30, 30)
    assert color_at(lin, lin.middle(made["id"])) == (220, 30, 30)
    expect_same(shared_server, board, ada, lin)
    ada.key("Control+z")
    lin.sees_count(0)


def test_pictures_are_dropped_and_chosen(
    invite: Invite, shared_server: ServerProcess, board: str, tmp_path: Path
) -> None:
    """Several at once where they are dropped; by a button and by its key from the files."""
    ada = invite(shared_server)
    drop(ada, (300, 250), file(RED), file(BLUE))
    ada.sees_count(2)
    expect_same(shared_server, board, ada)
    places = sorted(ada.middle(element) for element in ada.ids)
    assert places[0] == pytest.approx((300, 250), abs=1)
    assert places[1] == pytest.approx((324, 274), abs=1)
    blue = tmp_path / "blue.png"
    blue.write_bytes(BLUE)
    ada.page.on("filechooser", lambda chooser: chooser.set_files(blue))
    ada.find("image").click()
    ada.sees_count(3)
    ada.key("9")
    ada.sees_count(4)


def test_a_picture_is_moved_and_resized_with_its_ratio(
    invite: Invite, shared_server: ServerProcess, board: str
) -> None:
    """Dragged it moves; by a corner it keeps its shape, with Shift it does not."""
    ada = invite(shared_server)
    ada.page.mouse.move(400, 300)
    paste(ada, file(png(200, 100, (20, 160, 80))))
    made = only_image(ada)["id"]
    ada.wait("whiteboard.desk.selection.size === 1")
    ada.drag((400, 300), (450, 340))
    assert (ada.element(made)["x"], ada.element(made)["y"]) == pytest.approx((350, 290), abs=1)
    corner = (350 + 200 + 5, 290 + 100 + 5)
    ada.drag(corner, (corner[0] + 100, corner[1] + 10))
    wide = ada.element(made)
    assert wide["w"] / wide["h"] == pytest.approx(2, abs=0.01)
    assert wide["w"] > 280
    ada.settles()
    expect_same(shared_server, board, ada)


def test_photos_lose_their_notes_and_their_excess(
    invite: Invite, shared_server: ServerProcess, board: str
) -> None:
    """A camera's picture is scaled down and has no place and date in it any more; a small drawing stays as it is."""
    ada = invite(shared_server)
    photo = base64.b64decode(ada.ask(PHOTO, [3000, 1500]))
    noted = photo[:2] + b"\xff\xe1\x00\x18Exif\x00\x00GPS: at home 47N" + photo[2:]
    paste(ada, file(noted, "photo.jpg", "image/jpeg"))
    made = only_image(ada)
    body = fetched(shared_server, board, made["asset"])
    assert body[:3] == b"\xff\xd8\xff"
    assert b"at home" not in body
    assert len(body) < len(photo)
    assert made["w"] / made["h"] == pytest.approx(2, abs=0.01)
    assert made["w"] <= 1000 * 0.6
    held = ada.ask("asset => whiteboard.desk.album.entries.get(asset).bitmap.width", made["asset"])
    assert held == 2048


def test_a_drawing_in_svg_becomes_a_picture(invite: Invite, shared_server: ServerProcess, board: str) -> None:
    """Drawn here, so that nothing of it can run anywhere. [HTTP-20]"""
    ada = invite(shared_server)
    ada.page.mouse.move(400, 300)
    svg = b"<svg xmlns='http://www.w3.org/2000/svg' width='80' height='80'><script>alert(1)</script><rect width='80' height='80' fill='#0ca678'/></svg>"
    paste(ada, file(svg, "drawing.svg", "image/svg+xml"))
    made = only_image(ada)
    assert b"script" not in fetched(shared_server, board, made["asset"])
    red, green, blue = color_at(ada, (400, 300))
    assert (red, green, blue) == pytest.approx((0x0C, 0xA6, 0x78), abs=8)


def test_what_is_no_picture_is_said(invite: Invite, shared_server: ServerProcess, board: str) -> None:
    """A file of another kind leaves the board as it was, with words, in the page's language."""
    ada, mei = invite(shared_server), invite(shared_server, locale="zh-CN")
    for person, words in (
        (ada, "That is no picture that this browser can show."),
        (mei, "这不是浏览器能显示的图片。"),
    ):
        drop(person, (300, 300), file(b"%PDF-1.7", "notes.pdf", "application/pdf"))
        expect(person.find("toast")).to_have_text(words)
    assert stored(shared_server, board) == []


def test_offline_a_picture_waits_in_its_tab(invite: Invite, own_server: ServerProcess, board: str) -> None:
    """It is seen where it will be, says that it waits, and goes by itself when the server is back; one may discard it."""
    ada = invite(own_server)
    ada.draw((100, 100), (200, 140))
    ada.settles()
    ada.expects_network_trouble = True
    own_server.kill()
    ada.page.mouse.move(400, 300)
    paste(ada, file(RED))
    ada.page.mouse.move(600, 300)
    paste(ada, file(BLUE, "other.png"))
    expect(ada.find("arrival")).to_have_count(2)
    expect(ada.find("arrival").first).to_have_class(re.compile("is-waiting"))
    expect(ada.find("arrival").first).to_contain_text("Keep this tab open")
    assert ada.ask(
        "() => { const e = new Event('beforeunload', { cancelable: true }); dispatchEvent(e); return e.defaultPrevented; }"
    )
    ada.find("picture-discard").last.click()
    expect(ada.find("arrival")).to_have_count(1)
    own_server.start()
    ada.comes_back()
    made = only_image(ada)
    assert made["asset"] == RED_NAME
    expect(ada.find("arrival")).to_have_count(0)
    expect_same(own_server, board, ada)
    assert fetched(own_server, board, RED_NAME) == RED


def test_a_missing_picture_shows_its_place(invite: Invite, shared_server: ServerProcess, board: str) -> None:
    """Somebody may name one that is nowhere: a sign stands for it, and it can be taken away."""
    ada = invite(shared_server)
    ada.expects_network_trouble = True
    for asset, x in (("f" * 64, 200), ("https://evil.example/x.png", 400)):
        ada.ask(
            "op => whiteboard.desk.submit(op)",
            {"type": "image", "id": f"i{x}", "asset": asset, "x": x, "y": 200, "w": 120, "h": 90},
        )
    ada.wait("() => whiteboard.desk.album.entries.get('f'.repeat(64))?.state === 'missing'")
    ada.wait("whiteboard.layers.requested === 0")
    for element in ("i200", "i400"):
        x, y = ada.ask("id => probe.middle(id)", element)
        plain = color_at(ada, (x - 50, y - 40))
        assert plain == (233, 236, 239)
        part = picture(ada, x - 30, y - 30, 60, 60)
        assert any(pixel[0] < 180 for row in part for pixel in row)
    until(lambda: ada.ask("true") and any("404" in one for one in ada.troubles), "Chromium's word on it")
    ada.troubles = [trouble for trouble in ada.troubles if "404" not in trouble]


def test_a_picture_copied_to_another_board_comes_along(
    invite: Invite, shared_server: ServerProcess, board: str
) -> None:
    """Its bytes are the other board's own then. [HTTP-22]"""
    ada = invite(shared_server)
    ada.page.mouse.move(400, 300)
    paste(ada, file(RED))
    only_image(ada)
    ada.wait("whiteboard.desk.selection.size === 1")
    ada.settles()
    ada.key("Control+c")
    ada.open(f"{shared_server.url}/b/{board}-2")
    ada.expects_network_trouble = True
    ada.key("Control+v")
    made = only_image(ada)
    assert set(made) == {"id", "type", "by", "asset", "x", "y", "w", "h"}
    assert fetched(shared_server, f"{board}-2", RED_NAME) == RED
    ada.troubles = [trouble for trouble in ada.troubles if "404" not in trouble]


def test_a_server_without_a_store_says_so(browse: Browse, invite: Invite, tmp_path: Path) -> None:
    """Several servers without a bucket keep none: the picture leaves with a word, the board goes on. [HTTP-23]"""
    with (
        redis_running(tmp_path) as redis,
        ServerProcess(tmp_path, "redis", "--redis-addr", redis.address) as server,
    ):
        ada = Person(browse().new_page())
        ada.open(f"{server.url}/b/none")
        paste(ada, file(RED))
        expect(ada.find("toast")).to_have_text("This server keeps no pictures.")
        expect(ada.find("arrival")).to_have_count(0)
        ada.take("pen")
        ada.draw((100, 100), (200, 140))
        ada.settles()
        ada.page.close()


def test_below_a_path_and_in_the_dark(based_server: ServerProcess, invite: Invite, board: str) -> None:
    """Addresses are the proxy's, and a picture's colours are its own on dark paper."""
    ada = invite(based_server, path=f"/wb/b/{board}", color_scheme="dark")
    lin = invite(based_server, path=f"/wb/b/{board}")
    ada.page.mouse.move(400, 300)
    paste(ada, file(RED))
    made = only_image(ada)
    only_image(lin)
    assert color_at(ada, (400, 300)) == (220, 30, 30)
    assert color_at(lin, lin.middle(made["id"])) == (220, 30, 30)
