"""`/debug/pprof/` as its clients meet it."""

import sys

import pytest
import trio
from web.stand_ins import Site

from whiteboard.config import BasePath, Settings
from whiteboard.config.values import WorkerCount
from whiteboard.diagnostics.profiles.pprof import decoded
from whiteboard.diagnostics.profiles.profile import Frame, Profile, Sample, ValueType
from whiteboard.diagnostics.profiles.sources import Off, Source, Sources, by_looks

OPS = Profile(
    types=(ValueType("ops", "count"),),
    samples=(Sample((Frame("board.draw", "board.py", 7),), (5,)),),
    default_type="ops",
)


async def look() -> Profile:
    """What is there."""
    await trio.lowlevel.checkpoint()
    return OPS


def source(name: str = "ops", **kwargs: object) -> Source:
    """One that is looked at."""
    return Source(**{"name": name, "meaning": "Ops & <more>.", "take": by_looks(look), **kwargs})  # type: ignore[arg-type]


@pytest.fixture
def site(site: Site) -> Site:
    """A site whose operator can look at two things, of which one is off."""
    off = Off("not_sampled", "Set a <rate>.")
    site.profiles = Sources(
        source(setting=lambda: "every op", count=lambda: 12), source("waits", needs=lambda: off)
    )
    return site


async def test_the_index_names_all(site: Site) -> None:
    """Counts, what it is sampled with, and why something is off; links are relative and nothing is taken for markup. [PRF-1]"""
    answer = await site.get("/debug/pprof/")

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert '<td>12<td><a href="ops">ops</a>' in answer.text
    assert "every op" in answer.text
    assert "off. Set a &lt;rate&gt;." in answer.text
    assert "Ops &amp; &lt;more&gt;." in answer.text
    assert 'href="/' not in answer.text


async def test_the_index_for_programs(site: Site) -> None:
    """The same as JSON for who accepts it. [PRF-1]"""
    answer = (await site.get("/debug/pprof/", accept="application/json")).json()

    assert answer["busy"] is None
    assert [one["name"] for one in answer["profiles"]] == ["ops", "waits"]
    assert answer["profiles"][1]["off"] == {"code": "not_sampled", "reason": "Set a <rate>."}


async def test_the_index_has_a_slash(site: Site) -> None:
    """Without it relative links would lead elsewhere, so it leads there, below the base path too. [PRF-1]"""
    site.settings = Settings(base_path=BasePath("/wb"))
    answer = await site.get("/wb/debug/pprof")

    assert (answer.status_code, answer.headers["location"]) == (308, "pprof/")


async def test_a_profile_is_answered_as_go_does(site: Site) -> None:
    """Gzipped protocol buffers, to be saved by its name; a difference says that it is one. [PRF-2]"""
    answer, delta = await site.get("/debug/pprof/ops"), await site.get("/debug/pprof/ops?seconds=0.01")

    assert decoded(answer.content).samples == OPS.samples
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == 'attachment; filename="ops"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert delta.headers["content-disposition"] == 'attachment; filename="ops-delta"'
    assert decoded(delta.content).samples == ()


async def test_a_profile_as_text(site: Site) -> None:
    """With `?debug=1`. [PRF-2]"""
    answer = await site.get("/debug/pprof/ops?debug=1")

    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text.startswith("ops profile: total 5\n")


async def test_head_takes_nothing(site: Site) -> None:
    """Nobody waits for a profile whose content is not wanted."""
    answer = await site.ask("HEAD", "/debug/pprof/ops")

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert "content-length" not in answer.headers
    assert (await site.ask("HEAD", "/debug/pprof/nothing")).status_code == 404
    assert (await site.ask("HEAD", "/debug/pprof/waits?seconds=1")).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "none"}, 200),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "cross-site", "origin": "http://evil.example"}, 403),
        ({"origin": "http://localhost:8080"}, 200),
    ],
)
async def test_no_page_of_another_site_has_one_taken(
    site: Site, headers: dict[str, str], status: int
) -> None:
    """An image there whose address is a profile's would keep the operator waiting, and switch on what samples. [PRF-2]"""
    assert (await site.get("/debug/pprof/ops", **headers)).status_code == status


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("nothing", 404, "not_found"),
        ("waits", 409, "not_sampled"),
        ("ops?seconds=-1", 400, "bad_seconds"),
        ("ops?seconds=601", 400, "bad_seconds"),
        ("ops?seconds=nan", 400, "bad_seconds"),
        ("ops?seconds=soon", 400, "bad_seconds"),
        ("ops?debug=yes", 400, "bad_request"),
        (f"ops?debug={'9' * 5_000}", 400, "bad_request"),
    ],
)
async def test_refusals_are_told_to_tool_and_program(site: Site, path: str, status: int, code: str) -> None:
    """The tool shows plain text with Go's mark; who accepts JSON gets the shape of all errors. [PRF-4]"""
    told = await site.get(f"/debug/pprof/{path}")
    error = await site.get(f"/debug/pprof/{path}", accept="application/json")

    assert told.status_code == error.status_code == status
    assert told.headers["x-go-pprof"] == "1"
    assert told.text.endswith(f" ({code})\n")
    assert error.json()["error"]["code"] == code


async def test_others_are_refused(site: Site) -> None:
    """Neither index nor profiles nor the command line are for visitors. [PRF-1] [HTTP-9]"""
    site.peer = "203.0.113.9"
    for path in ["", "ops", "cmdline", "symbol"]:
        answer = await site.get(f"/debug/pprof/{path}")
        assert (answer.status_code, answer.headers["x-go-pprof"]) == (403, "1"), path


async def test_one_at_a_time(site: Site) -> None:
    """The second one is told when to come back. [PRF-3]"""
    app = site.app()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(site.get, "/debug/pprof/ops?seconds=600")
        await trio.testing.wait_all_tasks_blocked()
        answer = await site.get("/debug/pprof/ops", app=site.app())
        index = await site.get("/debug/pprof/", app=app)
        nursery.cancel_scope.cancel()

    assert answer.status_code == 429
    assert 590 <= int(answer.headers["retry-after"]) <= 600
    assert "ops is being taken" in index.text


async def test_who_goes_ends_the_profile(site: Site) -> None:
    """Nothing goes on for somebody who is not there. [PRF-3]"""
    ended = trio.Event()

    async def take(_: float | None) -> Profile:
        try:
            await trio.sleep_forever()
        finally:
            ended.set()

    site.profiles.add(source("long", take=take))
    sent = await site.speak("GET", "/debug/pprof/long", {"type": "http.request"}, {"type": "http.disconnect"})

    assert ended.is_set()
    assert (await site.profiles.described())["busy"] is None
    assert sent[0]["status"] == 400


async def test_each_worker_by_its_number(site: Site) -> None:
    """Of several, one's are below its number; a number that there is not is not found. [PRF-6]"""
    site.settings = Settings(workers=WorkerCount(2))
    site.profiles_of = {0: site.profiles, 1: Sources(source("other"), worker=1)}.__getitem__

    index = (await site.get("/debug/workers/1/pprof/", accept="application/json")).json()
    answer = await site.get("/debug/workers/1/pprof/other")

    assert [one["name"] for one in index["profiles"]] == ["other"]
    assert "worker 1" in decoded(answer.content).comments
    assert (await site.get("/debug/workers/1/pprof")).headers["location"] == "pprof/"
    assert (await site.get("/debug/workers/2/pprof/other")).status_code == 404
    assert (await site.get(f"/debug/workers/{'9' * 5_000}/pprof/other")).status_code == 404


async def test_what_else_the_tool_asks(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line with NUL in between; that no addresses are left to look up, by GET and by POST. [PRF-5]"""
    cmdline = await site.get("/debug/pprof/cmdline")

    assert cmdline.text == "\0".join(sys.orig_argv)
    monkeypatch.setattr(
        sys, "orig_argv", ["whiteboard", "--postgres-dsn=postgresql://ada:p@ss:w@db:5432/b?x=1"]
    )
    masked = "whiteboard\0--postgres-dsn=postgresql://ada:********@db:5432/b?x=1"
    assert (await site.get("/debug/pprof/cmdline")).text == masked
    for method in ["GET", "POST"]:
        assert (await site.ask(method, "/debug/pprof/symbol")).text == "num_symbols: 0\n"
