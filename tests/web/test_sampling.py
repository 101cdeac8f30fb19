"""`/debug/sampling`, for the operator."""

from typing import Any

import msgspec
import pytest
from web.stand_ins import Site, error

from whiteboard.config import DebugSettings, Rates, Secret, Settings

TOKEN = "0123456789abcdef"


async def ask(site: Site, told: object, **headers: str) -> Any:
    """A POST of it as JSON."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return await site.ask("POST", "/debug/sampling", content=msgspec.json.encode(told), headers=fields)


async def test_in_production_nothing_is_sampled(site: Site) -> None:
    """R50. What is on is told with what the settings say, and until when. [SMP-1]"""
    told = (await site.get("/debug/sampling")).json()
    assert (told["env"], told["until"]) == ("prod", None)
    assert told["in_force"] == told["configured"]
    off = {name for name, rate in told["in_force"].items() if not rate}
    assert off == {"memory_rate", "block_rate", "sched_interval"}


async def test_sampling_for_a_while(site: Site) -> None:
    """R50. What is not named stays as it is configured; frames alone trace every allocation; 0 ends it. [SMP-2]"""
    told = (await ask(site, {"block_rate": 100, "seconds": 60})).json()
    assert told["in_force"] == {**told["configured"], "block_rate": 100}
    assert told["until"] > 0
    assert site.sampling.are_waits_watched
    told = (await ask(site, {"memory_frames": 2, "seconds": 60})).json()
    assert told["in_force"] == {**told["configured"], "memory_frames": 2, "memory_rate": 1}
    told = (await ask(site, {"seconds": 0})).json()
    assert (told["in_force"], told["until"]) == (told["configured"], None)


@pytest.mark.parametrize(
    ("told", "path", "reason"),
    [
        ({"block_rate": 100}, "$.seconds", "0 to 900"),
        ({"seconds": 901}, "$.seconds", "0 to 900"),
        ({"seconds": True}, "$.seconds", "0 to 900"),
        (
            {"seconds": 1, "block_rate": -1},
            "$.block_rate",
            "Expected a whole number from 0 to 10000000, got -1",
        ),
        ({"seconds": 1, "cpu_hz": 1000}, "$.cpu_hz", "from 1 to 300"),
        ({"seconds": 1, "block": 1}, "$.block", "No such key"),
        ({"seconds": 1, "stall_ms": 100}, "$.stall_ms", "at the start"),
    ],
)
async def test_what_cannot_be_sampled(site: Site, told: dict[str, Any], path: str, reason: str) -> None:
    """Refused with the field and its bounds, and nothing changes. [SMP-2]"""
    answer = await ask(site, told)
    assert error(answer) == (400, "bad_field")
    fault = answer.json()["error"]
    assert fault["path"] == path
    assert reason in fault["reason"]
    assert site.sampling.in_force == site.sampling.configured


async def test_what_is_no_object(site: Site) -> None:
    """Refused. [SMP-2]"""
    assert error(await ask(site, [1])) == (400, "bad_json")


async def test_only_the_operator_and_only_from_own_pages(site: Site) -> None:
    """Neither others nor, in the operator's browser, another site's page. [SMP-2]"""
    foreign = await ask(site, {"seconds": 0}, origin="https://elsewhere.example")
    assert error(foreign) == (403, "foreign_origin")
    site.peer, site.settings = "192.0.2.7", Settings(debug=DebugSettings(Secret(TOKEN)))
    for answer in (await site.get("/debug/sampling"), await ask(site, {"seconds": 0})):
        assert error(answer) == (403, "forbidden")
    assert (await ask(site, {"seconds": 0}, authorization=f"Bearer {TOKEN}")).status_code == 200


async def test_all_workers_sample(site: Site) -> None:
    """Who is asked tells the others, and who does not answer is named. [SMP-3]"""
    heard: list[tuple[Rates, float]] = []

    async def elsewhere(rates: Rates, seconds: float) -> list[int]:
        heard.append((rates, seconds))
        return [2]

    site.sample_elsewhere = elsewhere
    told = (await ask(site, {"block_rate": 100, "seconds": 5})).json()
    assert told["away"] == [2]
    assert [(rates.block_rate, seconds) for rates, seconds in heard] == [(100, 5.0)]
