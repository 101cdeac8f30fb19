"""`/api/boards/{id}/ops`: the op log over HTTP."""

from typing import Any

import pytest
from web.stand_ins import FailingLog, Site, error

from whiteboard import limits


async def ops_of(site: Site, query: str = "") -> tuple[list[int], Any]:
    """Sequence numbers and `next` of one answer."""
    answer = await site.get(f"/api/boards/x/ops{query}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert set(body) == {"ops", "next"}
    return [op["seq"] for op in body["ops"]], body["next"]


async def test_stored_ops_come_as_they_are_with_their_number(site: Site) -> None:
    """The stored bytes, with `seq` in front. [HTTP-7]"""
    await site.draw("x", 2)
    answer = await site.get("/api/boards/x/ops")

    assert answer.content == b'{"ops":[{"seq":1,"opId":"ada:1"},{"seq":2,"opId":"ada:2"}],"next":null}'


@pytest.mark.parametrize(
    ("query", "seqs", "following"),
    [
        ("", range(1, 151), None),
        ("?from=149", range(149, 151), None),
        ("?from=3&to=5", range(3, 6), None),
        ("?from=150&to=150", range(150, 151), None),
        ("?from=1&to=999", range(1, 151), None),
        ("?from=151", range(0), None),
        ("?from=900&to=1000", range(0), None),
        ("?from=9007199254740991", range(0), None),
        ("?from=150&to=9007199254740991", range(150, 151), None),
    ],
)
async def test_both_ends_are_inclusive(site: Site, query: str, seqs: range, following: int | None) -> None:
    """`from` and `to` are sequence numbers that are given; the end of the log ends the answer. [HTTP-7]"""
    await site.draw("x", 150)

    assert await ops_of(site, query) == (list(seqs), following)


async def test_a_long_history_comes_in_pages(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """`next` leads through the whole range, each op once, and is null at its end. [HTTP-7]"""
    monkeypatch.setattr(limits, "MAX_OPS_PER_PAGE", 70)
    await site.draw("x", 150)

    assert await ops_of(site) == (list(range(1, 71)), 71)
    assert await ops_of(site, "?from=71") == (list(range(71, 141)), 141)
    assert await ops_of(site, "?from=141") == (list(range(141, 151)), None)
    assert await ops_of(site, "?from=2&to=71") == (list(range(2, 72)), None)


async def test_an_empty_board_has_no_ops(site: Site) -> None:
    """Created and never drawn on."""
    await site.ask("POST", "/api/boards", content='{"board":"x"}')

    assert await ops_of(site) == ([], None)


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("?from=0", "?from"),
        ("?from=x", "?from"),
        ("?from=5&to=4", "?to"),
        ("?to=", "?to"),
        ("?from=9007199254740992", "?from"),
    ],
)
async def test_bad_ranges(site: Site, query: str, path: str) -> None:
    """The bad parameter is named. [HTTP-8]"""
    await site.draw("x", 5)
    answer = await site.get(f"/api/boards/x/ops{query}")

    assert error(answer) == (400, "bad_field")
    assert answer.json()["error"]["path"] == path


async def test_a_failure_before_the_first_op_is_an_error(site: Site) -> None:
    """Nothing was sent yet, so the client can be told."""
    await site.draw("x", 5)
    site.op_log = FailingLog(site.storage.op_log, good=0)

    assert error(await site.get("/api/boards/x/ops")) == (503, "storage_unavailable")


async def test_a_failure_in_the_middle_leaves_the_answer_without_an_end(site: Site) -> None:
    """Half a history must not look like a whole one."""
    await site.draw("x", 150)
    site.op_log = FailingLog(site.storage.op_log, good=1)
    sent = await site.speak("GET", "/api/boards/x/ops")

    assert sent[0]["status"] == 200
    assert sent[-1]["more_body"] is True


async def test_a_board_that_is_deleted_meanwhile_ends_the_answer(site: Site) -> None:
    """There is no next page of what is gone."""
    await site.draw("x", 150)
    site.op_log = FailingLog(site.storage.op_log, good=1, is_gone=True)

    assert await ops_of(site) == (list(range(1, limits.OPS_PER_SLICE + 1)), None)
