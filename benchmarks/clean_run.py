"""Whether a healthy server finds anything wrong with itself: people draw, come and go for minutes, and every finding is printed.

    python -m benchmarks.clean_run --minutes 10
    python -m benchmarks.clean_run --minutes 10 -- --env dev
    python -m benchmarks.clean_run --quick

What stands behind `--` goes to the server. Exits with 1 when there is a finding: a detector that cries in a clean run is wrong, or
the server is. Gaps of the event loop that were the machine's doing (`starved`, `stopped`) are printed and count for nothing.
"""

import argparse
import json
import random
import sys
import time
from typing import Any, Final
from urllib.request import urlopen

import trio

from benchmarks.serving import HTTP_SECONDS, Server, take_load_core
from whiteboard.client.board import BoardClient, new_id, open_board
from whiteboard.errors import ConnectionLost

BOARDS: Final = 8
PEOPLE: Final = 24
STROKES_A_SECOND: Final = 2.0
"""Of one person; each is appended to five times."""
STAY_SECONDS: Final = (3.0, 20.0)
LOOK_SECONDS: Final = 30.0
QUICK_SECONDS: Final = 6.0


async def person(url: str, chance: random.Random) -> None:
    """Come to some board, draw for a while, go, and again."""
    while True:
        try:
            async with open_board(url, f"clean-{chance.randrange(BOARDS)}") as board:
                with trio.move_on_after(chance.uniform(*STAY_SECONDS)):
                    while True:
                        await draw(board, chance)
                        await trio.sleep(chance.expovariate(STROKES_A_SECOND))
        except ConnectionLost as lost:
            print(f"somebody was not let in, and comes again: {lost}", flush=True)
        await trio.sleep(chance.uniform(0.0, 2.0))


async def draw(board: BoardClient, chance: random.Random) -> None:
    """One stroke as a pen draws it, with the cursor beside it; now and then it is deleted."""
    x, y = chance.uniform(0, 5_000), chance.uniform(0, 5_000)
    element = new_id()
    await board.stroke([(x, y)], element=element)
    board.cursor(x, y)
    for number in range(5):
        await board.append(element, 1 + 4 * number, [(x + number, y + step) for step in range(4)])
    if chance.random() < 0.2:
        await board.delete(element)


def asked(url: str, path: str) -> Any:
    """What the server answers."""
    with urlopen(f"{url}{path}", timeout=HTTP_SECONDS) as answer:  # noqa: S310 - our own server
        return json.load(answer)


async def run(url: str, seconds: float) -> None:
    """Load it for so long, and say now and then how it is."""
    began = time.monotonic()
    async with trio.open_nursery() as nursery:
        for number in range(PEOPLE):
            nursery.start_soon(person, url, random.Random(number))
        while (passed := time.monotonic() - began) < seconds:
            await trio.sleep(min(LOOK_SECONDS, seconds - passed))
            found = (await trio.to_thread.run_sync(asked, url, "/debug/findings"))["findings"]
            print(f"{time.monotonic() - began:6.0f} s  {len(found)} findings", flush=True)
        nursery.cancel_scope.cancel()


def show(found: list[dict[str, Any]]) -> None:
    """Each finding with its stack, by kind."""
    for one in sorted(found, key=lambda one: (one["kind"], -one["count"])):
        print(f"{one['kind']} {one['count']}x {one['subject']}  {one['facts']}")
        for line in one["stack"][:12]:
            print(f"    {line}")


def main() -> int:
    """Run, print, and say whether it was clean."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--mode", default="sqlite")
    parser.add_argument("--quick", action="store_true", help="a few seconds, to see that it runs")
    parser.add_argument("options", nargs="*", help="for the server, behind --")
    given = parser.parse_args()
    take_load_core()
    with Server(given.mode, options=given.options) as server:
        url = f"http://127.0.0.1:{server.port}"
        before, seconds = server.cpu_seconds, QUICK_SECONDS if given.quick else given.minutes * 60
        trio.run(run, url, seconds)
        found = asked(url, "/debug/findings")["findings"]
        print(
            f"{server.cpu_seconds - before:.1f} s of a core in {seconds:.0f} s, {server.rss_bytes >> 20} MiB"
        )
    show(found)
    print(f"{len(found)} findings: {'not clean' if found else 'clean'}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
