"""`/api/boards`: list, create, look, export, delete."""

from typing import Any

import pytest
import trio
import trio.testing
from web.stand_ins import Site, error

from whiteboard import limits, timeouts
from whiteboard.ids import BoardId, parse_board_id

HERE = "http://localhost:8080"


async def create(site: Site, board: str) -> None:
    """Create a board over HTTP."""
    assert (await site.ask("POST", "/api/boards", content=f'{{"board":"{board}"}}')).status_code == 201


async def test_a_created_board_has_an_id_and_an_address(site: Site) -> None:
    """201 with both; the id is long enough that nobody guesses it. [HTTP-11]"""
    answers = [await site.ask("POST", "/api/boards", content=body) for body in ("", "{}", '{"board":null}')]
    ids = {answer.json()["board"] for answer in answers}

    assert {answer.status_code for answer in answers} == {201}
    assert len(ids) == 3
    assert all(parse_board_id(board) and len(board) == 22 for board in ids)
    assert answers[0].json()["url"] == answers[0].headers["location"] == f"/b/{answers[0].json()['board']}"


async def test_an_id_can_be_chosen_once(site: Site) -> None:
    """The second one to ask for it gets a conflict. [HTTP-11]"""
    await create(site, "standup")
    again = await site.ask("POST", "/api/boards", content='{"board":"standup"}')

    assert error(again) == (409, "board_exists")
    assert again.json()["error"]["path"] == "$.board"


@pytest.mark.parametrize(
    ("body", "told", "path"),
    [
        (b"{", (400, "bad_json"), None),
        (b"\xff\xfe", (400, "bad_json"), None),
        (b"[]", (400, "bad_field"), "$"),
        (b'{"board":7}', (400, "bad_field"), "$.board"),
        (b'{"board":"a b"}', (400, "bad_field"), "$.board"),
        (b'{"board":""}', (400, "bad_field"), "$.board"),
        (b'{"bord":"a"}', (400, "bad_field"), "$.bord"),
        (b'{"a - at `x`":1}', (400, "bad_field"), "$.a - at `x`"),
        (b"[" * 60_000, (400, "bad_field"), "$"),
    ],
)
async def test_bad_bodies(site: Site, body: bytes, told: tuple[int, str], path: str | None) -> None:
    """Whatever is wrong is told with the path of the bad field. [HTTP-8]"""
    answer = await site.ask("POST", "/api/boards", content=body)

    assert error(answer) == told
    assert answer.json()["error"].get("path") == path


def chunk(body: bytes) -> dict[str, Any]:
    """A part of a body that goes on."""
    return {"type": "http.request", "body": body, "more_body": True}


async def test_a_body_is_bounded(site: Site) -> None:
    """Refused as soon as it is too large, without waiting for the rest."""
    sent = await site.speak("POST", "/api/boards", chunk(b" " * limits.MAX_REQUEST_BYTES), chunk(b" "))

    assert sent[0]["status"] == 413


async def test_a_body_that_does_not_come_is_given_up(
    site: Site, autojump_clock: trio.testing.MockClock
) -> None:
    """A peer that stops in the middle holds nothing for long."""
    began = trio.current_time()
    sent = await site.speak("POST", "/api/boards", chunk(b"{"))

    assert sent[0]["status"] == 408
    assert trio.current_time() - began == pytest.approx(timeouts.REQUEST_BODY.seconds)


async def test_a_peer_that_leaves_in_the_middle_is_no_bug(site: Site) -> None:
    """A broken upload is answered like any bad request, and not logged as a failure."""
    sent = await site.speak("POST", "/api/boards", chunk(b"{"), {"type": "http.disconnect"})

    assert sent[0]["status"] == 400


async def test_pages_of_other_sites_may_not_create(site: Site) -> None:
    """A form on some web page does not fill our disk in a visitor's name."""
    answer = await site.ask("POST", "/api/boards", headers={"origin": "https://evil.example"})
    own = await site.ask("POST", "/api/boards", headers={"origin": HERE})

    assert error(answer) == (403, "foreign_origin")
    assert own.status_code == 201


async def test_the_list_is_paged_by_id(site: Site) -> None:
    """`next` is where the next page begins, and null on the last one. [HTTP-4]"""
    for board in ("c", "a", "b"):
        await create(site, board)
    await site.draw("b", 2)
    first = (await site.get("/api/boards?limit=2")).json()
    second = (await site.get(f"/api/boards?limit=2&after={first['next']}")).json()

    assert [info["board"] for info in first["boards"]] == ["a", "b"]
    assert [info["board"] for info in second["boards"]] == ["c"]
    assert (first["next"], second["next"]) == ("b", None)
    assert first["boards"][1]["seq"] == 2
    assert set(first["boards"][0]) == {"board", "seq", "createdAt", "updatedAt"}
    assert (await site.get("/api/boards")).json()["next"] is None


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=x", "limit=-1", "limit=501", "limit=", "limit=²", "after=a b", "after="]
)
async def test_bad_queries(site: Site, query: str) -> None:
    """The bad parameter is named. [HTTP-8]"""
    answer = await site.get(f"/api/boards?{query}")

    assert error(answer) == (400, "bad_field")
    assert answer.json()["error"]["path"] == f"?{query.partition('=')[0]}"


async def test_a_board_as_it_is_now(site: Site) -> None:
    """The rooms' bytes, unchanged; the export is the same as a file. [HTTP-5]"""
    await create(site, "x")
    look, export = await site.get("/api/boards/x"), await site.get("/api/boards/x/export.json")

    assert look.json() == {"board": "x", "seq": 0, "clock": {}, "elements": []}
    assert export.content == look.content
    assert export.headers["content-disposition"] == 'attachment; filename="x.json"'
    assert error(await site.get("/api/boards/x/export.json?seq=1")) == (400, "bad_field")


@pytest.mark.parametrize("path", ["", "/export.json", "/ops"])
@pytest.mark.parametrize("board", ["none", "a b"])
async def test_boards_that_are_not_there(site: Site, board: str, path: str) -> None:
    """Looking creates nothing. [HTTP-12]"""
    assert error(await site.get(f"/api/boards/{board}{path}")) == (404, "no_such_board")
    assert (await site.get("/api/boards")).json()["boards"] == []


LARGE = b"[" + b" " * limits.LARGE_ANSWER_BYTES + b"]"


class Readers:
    """Readers of a whole board who take nothing of it until they are let on."""

    def __init__(self, site: Site) -> None:
        self._app = site.app()
        self._go_on = trio.Event()
        self.statuses: list[int] = []

    def let_on(self) -> None:
        self._go_on.set()

    async def read(self) -> None:
        scope: dict[str, Any] = {
            "type": "http",
            "method": "GET",
            "path": "/api/boards/x",
            "query_string": b"",
            "headers": [],
            "client": None,
        }
        await self._app(scope, trio.sleep_forever, self._take)

    async def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.statuses.append(message["status"])
        elif len(message["body"]) > limits.LARGE_ANSWER_BYTES:
            await self._go_on.wait()


async def test_whole_boards_are_sent_only_so_many_at_a_time(
    site: Site, autojump_clock: trio.testing.MockClock
) -> None:
    """Who gets no place within BOARD_VIEW is told to come back; a place is free again when an answer is sent. [HTTP-18]"""
    await create(site, "x")
    site.rooms.view = LARGE
    readers = Readers(site)
    async with trio.open_nursery() as nursery:
        for _ in range(limits.MAX_BOARD_VIEWS + 1):
            nursery.start_soon(readers.read)
        await trio.sleep(timeouts.BOARD_VIEW.seconds + 1)
        assert sorted(readers.statuses) == [*[200] * limits.MAX_BOARD_VIEWS, 503]
        readers.let_on()
        await readers.read()
    assert readers.statuses[-1] == 200


async def test_small_boards_wait_for_no_place(site: Site, autojump_clock: trio.testing.MockClock) -> None:
    """An answer that turns out small gives its place back before it is sent; a failed one too."""
    await create(site, "x")
    app = site.app()
    for _ in range(2 * limits.MAX_BOARD_VIEWS):
        site.rooms.fault = ValueError("bug")
        assert (await site.get("/api/boards/x", app=app)).status_code == 500
        site.rooms.fault = None
        assert (await site.get("/api/boards/x", app=app)).status_code == 200
        assert (await site.get("/api/boards/none", app=app)).status_code == 404
    assert trio.current_time() == 0


async def test_deleting_is_for_the_operator(site: Site) -> None:
    """From the server's machine: gone. From elsewhere, or from a foreign page: refused. [HTTP-6] [HTTP-9]"""
    await create(site, "x")
    foreign = await site.ask("DELETE", "/api/boards/x", headers={"origin": "https://evil.example"})
    site.peer = "10.1.2.3"
    remote = await site.ask("DELETE", "/api/boards/x")
    site.peer = "127.0.0.1"
    local = await site.ask("DELETE", "/api/boards/x")

    assert error(foreign) == (403, "foreign_origin")
    assert error(remote) == (403, "forbidden")
    assert (local.status_code, local.content) == (204, b"")
    assert await site.storage.op_log.head(BoardId("x")) is None
    assert error(await site.ask("DELETE", "/api/boards/x")) == (404, "no_such_board")
