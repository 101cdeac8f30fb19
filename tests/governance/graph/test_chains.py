"""The shortest chains of links, whatever these are."""

from collections.abc import Iterator

from whiteboard.governance.graph.chains import shortest_chains

WAYS = {"a": ["b", "c"], "b": ["d"], "c": ["d", "a"], "d": ["e"], "e": []}


def onward(link: tuple[str, str]) -> list[tuple[str, str]]:
    """What follows on a link of WAYS."""
    return [(link[1], place) for place in WAYS[link[1]]]


def chains_from(place: str) -> Iterator[str]:
    """The chains from a place, as words of its letters."""
    starts = [(place, other) for other in WAYS[place]]
    for chain in shortest_chains(starts, onward, lambda link: link[1]):
        yield chain[0][0] + "".join(end for _, end in chain)


def test_each_place_has_one_chain_the_nearest_first() -> None:
    """Of two ways of the same length the one whose first link was given first counts; the start is a place like others."""
    assert list(chains_from("a")) == ["ab", "ac", "abd", "aca", "abde"]


def test_nothing_leads_nowhere() -> None:
    """Without a start there is no chain."""
    assert list(chains_from("e")) == []


def test_the_walk_goes_no_further_than_it_is_asked_to() -> None:
    """What lies behind a chain is looked at only when the next one is wanted."""
    asked: list[int] = []

    def counted(number: int) -> list[int]:
        asked.append(number)
        return [number + 1]

    ways = shortest_chains([0], counted, lambda number: number)
    assert next(way for way in ways if way[-1] == 3) == (0, 1, 2, 3)
    assert asked == [0, 1, 2]
