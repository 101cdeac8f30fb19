"""`/api/boards/{board}/assets`: pictures in and out, and what becomes of them."""

import hashlib
from collections.abc import Sequence
from typing import Any

import attrs
import pytest
import trio
import trio.testing
from web.pictures_made import gif, jpeg, png, png_head, webp
from web.stand_ins import Site, error

from whiteboard import limits, timeouts
from whiteboard.config import BasePath, Settings
from whiteboard.errors import StorageUnavailable
from whiteboard.ids import BoardId
from whiteboard.storage.blobs import BlobInfo, Blobs

AT = "/api/boards/b/assets"
RED = png()
RED_NAME = hashlib.sha256(RED).hexdigest()


class Faulty:
    """Blobs that may be away, or do something before they store."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self.is_away = False
        self.before_put: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._blobs, name)

    async def put(self, name: str, body: bytes) -> None:
        if self.before_put is not None:
            await self.before_put()
        await self._blobs.put(name, body)

    async def page(self, prefix: str, limit: int, after: str | None = None) -> Sequence[BlobInfo]:
        if self.is_away:
            raise StorageUnavailable("S3 bucket boards at http://10.0.0.9: no answer")
        return await self._blobs.page(prefix, limit, after)


async def kept(site: Site) -> list[str]:
    """Names of all blobs."""
    assert site.blobs is not None
    return [info.name for info in await site.blobs.page("", 1000)]


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (png(7, 5), "image/png"),
        (jpeg(7, 5), "image/jpeg"),
        (gif(7, 5), "image/gif"),
        (webp("VP8L", 7, 5), "image/webp"),
    ],
)
async def test_a_picture_goes_in_and_comes_out(site: Site, body: bytes, media_type: str) -> None:
    """The answer names it by the hash of its bytes; at its address are the same bytes, typed by them. [HTTP-19] [HTTP-20] [HTTP-21]"""
    headers = {"content-type": "text/html"}
    answer = await site.ask("POST", AT, content=body, headers=headers)
    digest = hashlib.sha256(body).hexdigest()

    assert answer.status_code == 201
    assert answer.json() == {
        "asset": digest,
        "type": media_type,
        "size": len(body),
        "width": 7,
        "height": 5,
    }
    assert answer.headers["location"] == f"{AT}/{digest}"
    shown = await site.get(f"{AT}/{digest}")
    assert (shown.status_code, shown.content) == (200, body)
    assert shown.headers["content-type"] == media_type


async def test_a_picture_is_kept_for_ever_and_never_run(site: Site) -> None:
    """Immutable for its reader alone, not sniffed, in a sandbox; whoever has it is told so without a body. [HTTP-21]"""
    await site.ask("POST", AT, content=RED)
    shown = await site.get(f"{AT}/{RED_NAME}")
    known = await site.get(f"{AT}/{RED_NAME}", if_none_match=f'"x", W/"{RED_NAME}"')
    head = await site.ask("HEAD", f"{AT}/{RED_NAME}")

    assert shown.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert shown.headers["etag"] == f'"{RED_NAME}"'
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in shown.headers["content-security-policy"]
    assert shown.headers["accept-ranges"] == "none"
    assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", f'"{RED_NAME}"')
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(RED))


async def test_the_same_picture_again_is_the_same_asset(site: Site) -> None:
    """201, then 200 with the same answer, and one blob. [HTTP-19]"""
    first = await site.ask("POST", AT, content=RED)
    again = await site.ask("POST", AT, content=RED)

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert await kept(site) == [f"assets/b/{RED_NAME}"]


async def test_the_first_picture_creates_the_board(site: Site) -> None:
    """As the first op does. [HTTP-19]"""
    assert (await site.get("/api/boards/b")).status_code == 404
    await site.ask("POST", AT, content=RED)
    assert (await site.get("/api/boards/b")).status_code == 200


async def test_locations_have_the_base_path(site: Site) -> None:
    """Behind a proxy that shows us elsewhere, too."""
    site.settings = Settings(base_path=BasePath("/wb"))
    answer = await site.ask("POST", f"/wb{AT}", content=RED)
    assert answer.headers["location"] == f"/wb{AT}/{RED_NAME}"
    assert (await site.get(answer.headers["location"])).content == RED


@pytest.mark.parametrize(
    "body",
    [b"", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", b"<html>", png()[:20]],
)
async def test_what_is_no_picture_is_refused(site: Site, body: bytes) -> None:
    """415, drawings that can run programs among them; nothing is stored, no board created. [HTTP-20]"""
    answer = await site.ask("POST", AT, content=body, headers={"content-type": "image/png"})

    assert error(answer) == (415, "unsupported_type")
    assert await kept(site) == []
    assert (await site.get("/api/boards/b")).status_code == 404


async def test_a_picture_at_the_bound(site: Site) -> None:
    """MAX_ASSET_BYTES are taken, a byte more is not. [HTTP-20]"""
    most = png() + bytes(limits.MAX_ASSET_BYTES - len(png()))

    assert (await site.ask("POST", AT, content=most)).status_code == 201
    assert error(await site.ask("POST", AT, content=most + b"x")) == (413, "too_large")


async def test_a_bound_is_kept_while_reading(site: Site) -> None:
    """What is announced as too large is not waited for; without a length the bound counts what comes. [HTTP-20]"""
    part = {"type": "http.request", "body": bytes(limits.MAX_ASSET_BYTES), "more_body": True}
    more = {"type": "http.request", "body": b"x", "more_body": True}
    sent = await site.speak("POST", AT, part, more)
    assert sent[0]["status"] == 413
    announced = {"content-length": str(limits.MAX_ASSET_BYTES + 1)}
    assert error(await site.ask("POST", AT, content=b"x", headers=announced)) == (413, "too_large")


async def test_too_many_pixels_are_refused(site: Site) -> None:
    """A small file that would fill a browser's memory is no picture for a board. [HTTP-20]"""
    answer = await site.ask("POST", AT, content=png_head(50_000, 50_000))
    assert error(answer) == (413, "too_large")
    assert "50000 x 50000" in answer.json()["error"]["reason"]


async def test_an_upload_that_stops_is_given_up(site: Site, autojump_clock: trio.testing.MockClock) -> None:
    """408 after ASSET_BODY, and its place is free again."""
    for _ in range(limits.MAX_UPLOADS + 1):
        sent = await site.speak("POST", AT, {"type": "http.request", "body": RED, "more_body": True})
        assert sent[0]["status"] == 408
    assert trio.current_time() >= timeouts.ASSET_BODY.seconds


async def test_uploads_have_so_many_places(site: Site, autojump_clock: trio.testing.MockClock) -> None:
    """Who finds none is told to come back. [HTTP-20]"""
    app, statuses = site.app(), []

    async def upload() -> None:
        part = {"type": "http.request", "body": RED, "more_body": True}
        sent = await site.speak("POST", AT, part, app=app)
        statuses.append(sent[0]["status"])

    async with trio.open_nursery() as nursery:
        for _ in range(limits.MAX_UPLOADS + 1):
            nursery.start_soon(upload)
    assert sorted(statuses) == [408] * limits.MAX_UPLOADS + [503]


async def test_a_board_has_so_many_pictures(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one is refused, one that it has is not. [HTTP-20]"""
    monkeypatch.setattr(limits, "MAX_ASSETS_PER_BOARD", 2)
    bodies = [png(width) for width in (1, 2, 3)]
    answers = [await site.ask("POST", AT, content=body) for body in bodies]

    assert [answer.status_code for answer in answers] == [201, 201, 409]
    assert error(answers[2]) == (409, "too_many_assets")
    assert (await site.ask("POST", AT, content=bodies[0])).status_code == 200


async def test_pages_of_other_sites_may_not_upload(site: Site) -> None:
    """Nothing is stored in a visitor's name."""
    answer = await site.ask("POST", AT, content=RED, headers={"origin": "https://evil.example"})
    assert error(answer) == (403, "foreign_origin")
    assert await kept(site) == []


@pytest.mark.parametrize("name", [RED_NAME, "0" * 64, RED_NAME.upper(), "x", "a%2Fb", RED_NAME + "0"])
async def test_what_a_board_does_not_have(site: Site, name: str) -> None:
    """404, also for a picture that another board has; no such board is told apart. [HTTP-21] [HTTP-22]"""
    await site.ask("POST", "/api/boards/other/assets", content=RED)
    await site.draw("b", 1)
    status, code = error(await site.get(f"{AT}/{name}"))
    assert status == 404
    assert code in {"no_such_asset", "not_found"}
    if len(name) == 64:
        assert code == "no_such_asset"
        assert error(await site.get(f"/api/boards/nobody/assets/{name}")) == (404, "no_such_board")
        assert error(await site.get(f"{AT}/{name}", if_none_match=f'"{name}"')) == (404, "no_such_asset")
    assert error(await site.ask("POST", "/api/boards/a b/assets", content=RED)) == (404, "no_such_board")


async def test_a_deleted_board_forgets_its_pictures(site: Site) -> None:
    """All of them, and nobody else's, also of a board whose name begins alike. [HTTP-22]"""
    for board in ("b", "b2", "other"):
        for body in (RED, png(9)):
            await site.ask("POST", f"/api/boards/{board}/assets", content=body)
    assert (await site.ask("DELETE", "/api/boards/b")).status_code == 204

    assert sorted({name.split("/")[1] for name in await kept(site)}) == ["b2", "other"]
    assert error(await site.get(f"{AT}/{RED_NAME}")) == (404, "no_such_board")
    assert (await site.get(f"/api/boards/other/assets/{RED_NAME}")).content == RED


async def test_forgetting_can_be_asked_for_again(site: Site) -> None:
    """When the store is away the board goes all the same; its pictures go when it is asked again. [HTTP-22]"""
    assert site.blobs is not None
    site.blobs = faulty = Faulty(site.blobs)
    await site.ask("POST", AT, content=RED)
    faulty.is_away = True
    answer = await site.ask("DELETE", "/api/boards/b")
    assert error(answer) == (503, "storage_unavailable")
    assert "10.0.0.9" not in answer.text
    faulty.is_away = False
    assert (await site.ask("DELETE", "/api/boards/b")).status_code == 204
    assert await kept(site) == []
    assert error(await site.ask("DELETE", "/api/boards/b")) == (404, "no_such_board")


async def test_a_picture_that_comes_while_its_board_is_deleted_goes(site: Site) -> None:
    """Its upload is told that there is no such board, and nothing is left. [HTTP-22]"""
    assert site.blobs is not None
    site.blobs = faulty = Faulty(site.blobs)

    async def delete() -> None:
        assert (await site.ask("DELETE", "/api/boards/b")).status_code == 204

    faulty.before_put = delete
    assert error(await site.ask("POST", AT, content=RED)) == (404, "no_such_board")
    assert await kept(site) == []


async def test_other_bytes_than_were_stored_are_not_shown(site: Site) -> None:
    """Whoever changed them: an asset is what its name says."""
    assert site.blobs is not None
    await site.ask("POST", AT, content=RED)
    await site.blobs.put(f"assets/b/{RED_NAME}", png(9))
    assert error(await site.get(f"{AT}/{RED_NAME}")) == (500, "storage_corrupt")


async def test_a_server_without_a_store(site: Site) -> None:
    """Says so, on the way in and on the way out; boards can be deleted all the same. [HTTP-23]"""
    site = attrs.evolve(site, blobs=None)
    await site.draw("b", 1)
    answer = await site.ask("POST", AT, content=RED)
    assert error(answer) == (501, "no_blob_store")
    assert "s3.bucket" in answer.text
    assert error(await site.get(f"{AT}/{RED_NAME}")) == (501, "no_blob_store")
    assert (await site.ask("DELETE", "/api/boards/b")).status_code == 204
    assert await site.storage.op_log.head(BoardId("b")) is None


async def test_only_what_is_there_can_be_done(site: Site) -> None:
    """Pictures are posted and read; nothing else. [HTTP-19]"""
    assert error(await site.get(AT)) == (405, "method_not_allowed")
    assert error(await site.ask("DELETE", f"{AT}/{RED_NAME}")) == (405, "method_not_allowed")
