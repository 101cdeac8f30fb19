"""Writes the vectors that hold the merge in Python and the one in the page together. Seeded.

    cd tests && python -m vectors.generate

`merge.json` has histories of simulated clients with the full states they end in; `order_keys.json`
keys of integers and keys between keys. What they expect was computed by `whiteboard.core`; the cases
of `merge_by_hand.json`, written by a person from the rules, are what they are judged by.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any, Final

from strategies import History, Writer, encode, run, states, wire

from whiteboard.core.acceptance import Author, Proposal
from whiteboard.core.ops import Append, Create, Delete, ElementType, Op, Restore, SetProperties
from whiteboard.core.order_keys import key_between, order_key
from whiteboard.ids import ClientId, ElementId

HERE: Final = Path(__file__).parent
SEED: Final = 20_240_501
CASES_PER_THEME: Final = 12
_CLIENTS: Final = ("a", "B", "c-9f2", "constructor")
_ELEMENTS: Final = tuple(ElementId(name) for name in ("e1", "e2", "\N{CJK UNIFIED IDEOGRAPH-767D}"))
_VALUES: Final[dict[str, Sequence[object]]] = {
    "x": (0, -1.5, 1e9, 12, None),
    "color": ("#000", "red", None),
    "z": ("a0", "Zz", "a0V", "b00", None),
    "text": ("", "\N{GRINNING FACE}\n\u0000", "a", None),
    "my prop": ({"deep": [1, None, {"x": "y"}]}, [], False, 2**53, None),
    "__proto__": ({"x": 1}, 1, None),
}


def _properties(random: Random, least: int = 0) -> dict[str, bytes]:
    names = random.sample(sorted(_VALUES), random.randint(least, 3))
    return {name: encode(random.choice(_VALUES[name])) for name in names}


def _points(random: Random, most: int) -> list[list[float]]:
    """Few different points, so that they meet; honest clients never write two at one index."""
    some: list[list[float]] = [[1, 2], [1, 2, 0.5], [1, 2, 0], [10, 2], [9, 2], [-0.25, 1e9]]
    return [random.choice(some) for _ in range(random.randint(0, most))]


def _create(random: Random, element: ElementId) -> Op:
    kind = random.choice([ElementType.STROKE, ElementType.STROKE, *ElementType])
    ink = run(0, _points(random, 4)) if kind is ElementType.STROKE else None
    required = {
        ElementType.SHAPE: {"kind": b'"arrow"'},
        ElementType.TEXT: {"text": b'"t"'},
        ElementType.IMAGE: {"asset": b'"sha256-1"'},
    }
    return Create(element, kind, {**_properties(random), **required.get(kind, {})}, ink)


def _append(random: Random, element: ElementId) -> Op:
    return Append(element, run(random.randint(0, 6), _points(random, 4)))


def _set(random: Random, element: ElementId) -> Op:
    return SetProperties(element, _properties(random, 1))


def _delete(_: Random, element: ElementId) -> Op:
    return Delete(element)


def _restore(_: Random, element: ElementId) -> Op:
    return Restore(element)


_Maker = Callable[[Random, ElementId], Op]
_THEMES: Final[dict[str, Sequence[_Maker]]] = {
    "everything at once": (_create, _append, _set, _delete, _restore),
    "properties": (_create, _set, _set, _set),
    "ink": (_create, _append, _append, _append),
    "tombstones": (_create, _set, _delete, _restore, _restore),
    "creates that meet": (_create, _create, _append),
    "orphans": (_append, _set, _delete, _restore),
}


def _history(random: Random, makers: Sequence[_Maker]) -> History:
    """Three or four clients write for a while, each with its own delay; some batches are shared."""
    history = History()
    writers = [Writer(Author(ClientId(name))) for name in random.sample(_CLIENTS, random.randint(2, 4))]
    elements = _ELEMENTS[: random.randint(1, 3)]
    for _ in range(random.randint(4, 12)):
        writer = random.choice(writers)
        if random.random() < 0.5:
            writer.seen = random.randint(writer.seen, len(history.log))
        op = random.choice(makers)(random, random.choice(elements))
        seen = writer.seen if random.random() < 0.8 else None
        writer.outbox.append(Proposal(op, seen=seen))
        if random.random() < 0.6:
            senders = writers if random.random() < 0.3 else [writer]
            history.commit([(one, proposal) for one in senders for proposal in one.outbox])
            for one in senders:
                one.outbox.clear()
    return history


def _merge_cases() -> Iterator[dict[str, Any]]:
    random = Random(SEED)
    for theme, makers in _THEMES.items():
        for number in range(1, CASES_PER_THEME + 1):
            history = _history(random, makers)
            ops = [wire(op, one.seen) for op, one in zip(history.log, history.accepted, strict=True)]
            yield {"name": f"{theme} {number}", "ops": ops, "elements": states(history.board)}


def merge_vectors() -> str:
    """The text of `merge.json`: one case a line."""
    return '{"cases":[\n' + ",\n".join(_compact(case) for case in _merge_cases()) + "\n]}\n"


def order_key_vectors() -> str:
    """The text of `order_keys.json`."""
    random = Random(SEED)
    edges = [0, 1, 61, 62, 62 + 62**2 - 1, 62 + 62**2, -1, -62, -63, -62 - 62**2, -62 - 62**2 - 1]
    numbers = edges + [random.randint(-(2**53), 2**53) // 62 ** random.randint(0, 8) for _ in range(40)]
    keys = [order_key(number) for number in numbers]
    between: list[list[str | None]] = []
    for _ in range(160):
        low, high = sorted(random.sample(sorted(set(keys)), 2))
        ends = random.choice([(low, high), (low, high), (None, high), (low, None)])
        key = key_between(*ends)
        keys.append(key)
        between.append([*ends, key])
    between += _ends_of_the_range()
    lines = [
        '"order_key":[\n' + ",\n".join(_compact([n, order_key(n)]) for n in numbers) + "\n]",
        '"between":[\n' + ",\n".join(_compact(one) for one in between) + "\n]",
    ]
    return "{" + ",\n".join(lines) + "}\n"


def _ends_of_the_range() -> Iterator[list[str | None]]:
    highest, lowest = "z" * 27, "A" + "0" * 26
    ends = [
        (None, None), (highest, None), (highest, highest + "1"), (None, lowest + "1"),
        (None, lowest[:-1] + "1"), (lowest + "1", lowest + "2"), (lowest + "V", highest),
    ]  # fmt: skip
    for low, high in ends:
        yield [low, high, key_between(low, high)]


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


if __name__ == "__main__":
    (HERE / "merge.json").write_text(merge_vectors())
    (HERE / "order_keys.json").write_text(order_key_vectors())
