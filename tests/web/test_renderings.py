"""Boards as pictures over HTTP; what draws is played, or left out. `tests/integration/test_renderings.py` has the real one."""

import hashlib
from collections.abc import AsyncIterator
from functools import partial

import attrs
import httpx2
import pytest
import trio
from render.played import STATISTICS, Reply, draw_at_once, played_studio
from web.pictures_made import png
from web.stand_ins import EPOCH, Site, error

from whiteboard import limits
from whiteboard.errors import RoomClosed, StorageUnavailable
from whiteboard.ids import BoardId
from whiteboard.render import studio as studio_module
from whiteboard.render.wire import Answer, Ask, Draw, Drawn, Failed, Give, Wanted
from whiteboard.testing.storage_samples import ADA, append, ops

AT = "/api/boards/b"
ADDRESSES = ["thumbnail.png", "export.png", "export.svg"]


@attrs.define
class Gallery:
    """A site, and what the process that draws says."""

    site: Site
    reply: Reply

    async def get(self, path: str, **headers: str) -> httpx2.Response:
        """A GET at the site."""
        return await self.site.get(path, **headers)

    async def answer(self, asked: Ask, body: bytes) -> tuple[Answer, bytes] | None:
        """What is said now."""
        return await self.reply(asked, body)


@pytest.fixture
async def drawn(site: Site, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Gallery]:
    """A site with a board of three ops, and somebody who draws."""
    monkeypatch.setattr(studio_module, "has_pixels", lambda: True)
    await site.draw("b", 3)
    gallery = Gallery(site, partial(_at_seq, 3))
    async with played_studio(gallery.answer) as (studio, _):
        site.studio = studio
        yield gallery


async def _at_seq(seq: int, asked: Ask, body: bytes) -> tuple[Answer, bytes] | None:
    """As drawn of a board at a seq."""
    _, picture = await draw_at_once(asked, body)
    return Drawn(seq, True, STATISTICS), picture


@pytest.mark.parametrize(
    ("address", "media_type", "file"),
    [
        ("thumbnail.png", "image/png", None),
        ("export.png", "image/png", 'attachment; filename="b.png"'),
        ("export.svg", "image/svg+xml", 'attachment; filename="b.svg"'),
    ],
)
async def test_a_board_is_a_picture(drawn: Gallery, address: str, media_type: str, file: str | None) -> None:
    """To look at, or as a file; nothing in it can run or load anything. [PIC-1] [PIC-2] [PIC-3]"""
    answer = await drawn.get(f"{AT}/{address}")
    assert answer.status_code == 200
    assert answer.content.endswith(b" of b")
    assert answer.headers["content-type"] == media_type
    assert answer.headers.get("content-disposition") == file
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; img-src data:; sandbox")


@pytest.mark.parametrize("address", ADDRESSES)
async def test_who_has_a_picture_is_told_so(drawn: Gallery, address: str) -> None:
    """Without drawing, as long as nothing has happened on the board. [PIC-4]"""
    first = await drawn.get(f"{AT}/{address}")
    again = await drawn.get(f"{AT}/{address}", if_none_match=f'"x", W/{first.headers["etag"]}')
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["cache-control"] == first.headers["cache-control"]
    await append(drawn.site.storage.op_log, BoardId("b"), ops(ADA, range(4, 6)), epoch=EPOCH)
    drawn.reply = partial(_at_seq, 5)
    later = await drawn.get(f"{AT}/{address}", if_none_match=first.headers["etag"])
    assert later.status_code == 200
    assert later.headers["etag"] != first.headers["etag"]


async def test_each_picture_has_a_tag_of_its_own(drawn: Gallery) -> None:
    """By address, size and scale. [PIC-4]"""
    paths = [*ADDRESSES, "thumbnail.png?size=64", "export.png?scale=2", "export.png?scale=2.5"]
    tags = [(await drawn.get(f"{AT}/{path}")).headers["etag"] for path in paths]
    assert len(set(tags)) == len(tags)
    assert (await drawn.get(f"{AT}/export.png?scale=2.0")).headers["etag"] == tags[4]


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("thumbnail.png?size=15", "?size"),
        ("thumbnail.png?size=1025", "?size"),
        ("thumbnail.png?size=x", "?size"),
        ("export.png?scale=0", "?scale"),
        ("export.png?scale=8.1", "?scale"),
        ("export.png?scale=-1", "?scale"),
        ("export.png?scale=1e1", "?scale"),
        ("export.png?scale=nan", "?scale"),
    ],
)
async def test_sizes_and_scales_have_bounds(drawn: Gallery, query: str, path: str) -> None:
    """And the answer says which. [PIC-1] [PIC-2]"""
    answer = await drawn.get(f"{AT}/{query}")
    assert error(answer) == (400, "bad_field")
    assert answer.json()["error"]["path"] == path


@pytest.mark.parametrize("address", ADDRESSES)
async def test_a_board_that_is_not_there_has_no_picture(drawn: Gallery, address: str) -> None:
    """Nor has one with a malformed id, or one that goes in between. [HTTP-12]"""
    assert error(await drawn.get(f"/api/boards/nobody/{address}")) == (404, "no_such_board")
    assert error(await drawn.get(f"/api/boards/a%20b/{address}")) == (404, "no_such_board")

    async def gone(_: str) -> None:
        await trio.lowlevel.checkpoint()

    drawn.site.rooms.board_view = gone  # type: ignore[method-assign,assignment]
    assert error(await drawn.get(f"{AT}/{address}")) == (404, "no_such_board")


@pytest.mark.parametrize(
    ("why", "told"),
    [
        ("too_large", (413, "too_large")),
        ("not_installed", (501, "not_installed")),
        ("not_drawn", (503, "unavailable")),
    ],
)
async def test_what_cannot_be_drawn_has_an_error(drawn: Gallery, why: str, told: tuple[int, str]) -> None:
    """With the reason; when to come back where that helps. [PIC-2] [PIC-6]"""

    async def refuses(_: Ask, __: bytes) -> tuple[Answer, bytes] | None:
        await trio.lowlevel.checkpoint()
        return Failed(why, "Because.", STATISTICS), b""

    drawn.reply = refuses
    answer = await drawn.get(f"{AT}/export.png")
    assert error(answer) == told
    assert answer.json()["error"]["reason"].startswith("Because.")
    assert ("retry-after" in answer.headers) == (told[0] == 503)


async def test_who_goes_waits_for_no_picture(drawn: Gallery) -> None:
    """One that nobody waits for any more is not drawn: who hangs up 64 times keeps nobody from theirs."""
    begun, go_on = trio.Event(), trio.Event()
    asked_for: list[str] = []

    async def holds(asked: Ask, body: bytes) -> tuple[Answer, bytes] | None:
        assert isinstance(asked, Draw)
        asked_for.append(asked.wish.kind)
        begun.set()
        await go_on.wait()
        return await _at_seq(3, asked, body)

    drawn.reply = holds
    async with trio.open_nursery() as nursery:
        nursery.start_soon(drawn.get, f"{AT}/export.svg")
        await begun.wait()
        gone = {"type": "http.request"}, {"type": "http.disconnect"}
        sent = await drawn.site.speak("GET", f"{AT}/export.png", *gone)
        assert sent[0]["status"] == 400  # nobody hears it
        go_on.set()
    assert (await drawn.get(f"{AT}/thumbnail.png")).status_code == 200
    assert asked_for == ["svg", "thumbnail"]


async def test_a_server_without_a_studio_says_so(site: Site) -> None:
    """As one without the extra does. [PIC-6]"""
    await site.draw("b", 1)
    assert error(await site.get(f"{AT}/export.svg")) == (501, "not_installed")


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (StorageUnavailable("disk"), (503, "storage_unavailable")),
        (RoomClosed("draining"), (503, "unavailable")),
    ],
)
async def test_a_board_that_cannot_be_read_is_answered_as_elsewhere(
    drawn: Gallery, fault: Exception, told: tuple[int, str]
) -> None:
    """The same codes as the board's JSON has. [HTTP-13]"""
    drawn.site.rooms.fault = fault
    assert error(await drawn.get(f"{AT}/export.svg")) == told


async def test_pictures_on_the_board_come_from_its_own_store(drawn: Gallery) -> None:
    """What is no asset of the board's is missing, and then the answer has no tag; what never can be one is left out. [PIC-5]"""
    body = png()
    await drawn.site.ask("POST", f"{AT}/assets", content=body)
    name = hashlib.sha256(body).hexdigest()
    given: list[tuple[str, str, int]] = []

    async def wants(asked: Ask, _: bytes) -> tuple[Answer, bytes] | None:
        await trio.lowlevel.checkpoint()
        if isinstance(asked, Draw):
            return Wanted([name, "0" * 64, "../../etc/passwd"]), b""
        assert isinstance(asked, Give)
        given.extend(asked.assets)
        return Drawn(3, False, STATISTICS), b"<svg/>"

    drawn.reply = wants
    answer = await drawn.get(f"{AT}/export.svg")
    assert given == [(name, "image/png", len(body)), ("../../etc/passwd", "", 0)]
    assert (answer.status_code, "etag" in answer.headers) == (200, False)


async def test_a_server_that_keeps_no_pictures_draws_signs(drawn: Gallery) -> None:
    """Nothing is asked of a store that is not there. [PIC-5]"""

    async def wants(asked: Ask, _: bytes) -> tuple[Answer, bytes] | None:
        await trio.lowlevel.checkpoint()
        if isinstance(asked, Draw):
            return Wanted(["0" * 64]), b""
        return Drawn(3, asked == Give([]), STATISTICS), b"<svg/>"

    drawn.reply = wants
    drawn.site.blobs = None
    assert (await drawn.get(f"{AT}/export.svg")).headers["etag"]


def test_bounds_are_what_the_spec_says() -> None:
    """Numbers in docs/spec/http.md. [PIC-1] [PIC-2] [PIC-3]"""
    assert (limits.MIN_THUMBNAIL_PX, limits.MAX_THUMBNAIL_PX, limits.THUMBNAIL_PX) == (16, 1024, 320)
    assert (limits.MAX_PICTURE_PIXELS, limits.MAX_PICTURE_SIDE) == (16_000_000, 16_384)
    assert (limits.MIN_PICTURE_SCALE, limits.MAX_PICTURE_SCALE) == (1e-6, 8)
    assert (limits.MAX_SVG_BYTES, limits.MAX_PICTURE_ASSETS_BYTES) == (64 * limits.MIB, 32 * limits.MIB)
