"""Which worker has which board."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whiteboard.ids import BoardId
from whiteboard.workers.routing import board_of, owner_of, ranking

BOARD_IDS = st.from_regex(r"[A-Za-z0-9_-]{1,40}", fullmatch=True).map(BoardId)


def head(target: str, method: str = "GET") -> bytes:
    """A request for a target."""
    return f"{method} {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode("latin-1")


@given(BOARD_IDS, st.integers(1, 20))
def test_the_owner_leads_a_ranking_of_all(board: BoardId, count: int) -> None:
    """Everybody is in the ranking once, and the first is the owner."""
    order = ranking(board, count)
    assert sorted(order) == list(range(count))
    assert order[0] == owner_of(board, count)


@given(BOARD_IDS, st.integers(1, 19))
def test_one_more_worker_takes_boards_from_the_others_only(board: BoardId, count: int) -> None:
    """A board stays where it is or goes to the new one; among the others nothing moves."""
    assert [number for number in ranking(board, count + 1) if number != count] == list(ranking(board, count))


@pytest.mark.parametrize("count", [2, 3, 8])
def test_boards_spread(count: int) -> None:
    """Of many boards each worker has its part, give or take a fifth."""
    boards = 4_000
    parts = Counter(owner_of(BoardId(f"board-{number}"), count) for number in range(boards))
    assert len(parts) == count
    assert all(abs(part - boards / count) < boards / count / 5 for part in parts.values())


def test_owners_stay_the_same() -> None:
    """Which worker has a board is part of no promise to the outside, but must not differ between processes."""
    owners = [owner_of(BoardId(name), 3) for name in ("a", "b", "c", "d", "e", "f")]
    assert owners == [2, 0, 1, 0, 0, 0]


@pytest.mark.parametrize(
    ("target", "board"),
    [
        ("/ws/b1", "b1"),
        ("/wb/ws/b1", "b1"),
        ("/ws/b1?x=/ws/b2", "b1"),
        ("/ws/b%31", "b1"),
        ("/ws/b1/x", None),
        ("http://h/ws/b1", "b1"),
        ("/b/b1", None),
        ("/api/boards/b1", "b1"),
        ("/api/boards/b1/ops?from=1", "b1"),
        ("/wb/api/boards/b1/export.json", "b1"),
        ("/api/boards", None),
        ("/api/boards/", None),
        ("/", None),
        ("/static/x/b/b1", None),
        ("/other/ws/b1", None),
        ("/ws/" + "x" * 129, None),
        ("/ws/%E7%94%BB", None),
    ],
)
def test_a_board_is_found_where_the_server_finds_it(target: str, board: str | None) -> None:
    """With the base path and without; what is no board's address is anybody's."""
    assert board_of(head(target), "/wb") == board


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x16\x03\x01",
        b"GET /ws/b1 HTTP/1.1\r\nHost: x\r\n",
        b"GET /ws/b1\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\n",
    ],
)
def test_what_is_no_whole_head_is_for_anybody(data: bytes) -> None:
    """TLS, half a head, HTTP/0.9 and HTTP/2."""
    assert board_of(data) is None


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_do_no_harm(data: bytes) -> None:
    """Whatever a peer sends, there is an answer."""
    board_of(b"GET /ws/" + data + b"\r\n\r\n", "/wb")
