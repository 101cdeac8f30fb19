"""A board of strokes is drawn as SVG text, as for an export."""

from collections.abc import Callable

import msgspec

from benchmarks.gate.works import Steady
from whiteboard.ids import BoardId
from whiteboard.render.asked import Kind, Wish
from whiteboard.render.easel import Easel


def _prepare(ops: int) -> Callable[[], int]:
    strokes = [
        {
            "id": f"s-{n}",
            "type": "stroke",
            "points": [[n + k, (n * k) % 300, 0.5] for k in range(20)],
            "color": "#0369a1",
        }
        for n in range(ops)
    ]
    view = msgspec.json.encode({"seq": 1, "elements": strokes})
    easel, wish = Easel(), Wish(BoardId("gate"), Kind.SVG)

    def turn() -> int:
        return len(easel.finish(easel.begin(wish, view), {}).body)

    return turn


WORK = Steady(20, 4, _prepare)
