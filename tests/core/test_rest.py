"""Elements at rest: a board that lays them down and wakes them is the same board."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import CLIENTS, History, histories, ops, replica, states

from whiteboard.core import board as core_board
from whiteboard.core import snapshot
from whiteboard.core.acceptance import Acceptance, Accepted, Author, Proposal
from whiteboard.core.board import Board
from whiteboard.core.clocks import Stamp
from whiteboard.core.ops import Create, Delete, ElementType, Op, SetProperties, StampedOp
from whiteboard.core.pieces import deflate, inflate
from whiteboard.core.rest import Part, Rows
from whiteboard.ids import ClientId, ElementId

A, E = ClientId("a"), ElementId("e")
WAYS = ("nothing", "nothing", "rest", "some", "pack", "drop", "reopen")


@pytest.fixture(scope="module", autouse=True)
def small_parts() -> Iterator[None]:
    """Let two elements fill a part."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(core_board, "REST_PART_BYTES", 150)
        yield


def treat(board: Board, way: str) -> Board:
    """Do to a board what its owner may do at any moment; a board that goes on from there."""
    match way:
        case "rest":
            board.rest(board.awake(), board.seq)
        case "some":
            board.rest_next(2, board.seq)
        case "pack":
            for part in board.parts():
                part.pack()
        case "drop":
            for part in board.parts():
                part.drop_spare()
        case "reopen" if not board.deleted():
            return snapshot.load(snapshot.dump(board))
    return board


def counted(board: Board) -> int:
    """The board's size by its parts and elements."""
    return sum(part.size_bytes for part in board.parts()) + sum(one.size_bytes for one in board.awake())


@given(histories(), st.data())
def test_resting_and_waking_at_any_moment_change_nothing(history: History, data: st.DataObject) -> None:
    """States, number, membership, size and what is deleted are those of a board that never rests. [MRG-1]"""
    board, awake = Board(), Board()
    for op in history.log:
        awake.apply(op)
        board.apply(op)
        board = treat(board, data.draw(st.sampled_from(WAYS)))
        assert len(board) == len(awake)
        assert counted(board) == board.size_bytes
    assert states(board) == states(awake)
    assert [one.id for one in board.visible()] == [one.id for one in awake.visible()]
    assert {one.id for one in board.deleted()} == {one.id for one in awake.deleted()}
    assert all(one.id in board for one in awake)
    board.forget([one.id for one in awake])
    assert (len(board), board.size_bytes, board.parts(), list(board)) == (0, 0, [], [])


@given(st.lists(st.tuples(ops(), st.sampled_from(CLIENTS[:2]), st.sampled_from(WAYS)), max_size=20))
def test_acceptance_asks_elements_at_rest_the_same(some: list[tuple[Op, ClientId, str]]) -> None:
    """Every decision is the one that a board without rest makes."""
    boards = Board(), Board()
    authors: tuple[dict[ClientId, Author], dict[ClientId, Author]] = {}, {}
    resting = boards[1]
    seq = 0
    for op, client, way in some:
        decisions = [
            Acceptance(board).accept(Proposal(op), known.setdefault(client, Author(client)))
            for board, known in zip((boards[0], resting), authors, strict=True)
        ]
        assert decisions[0] == decisions[1]
        decision = decisions[0]
        if isinstance(decision, Accepted):
            seq += 1
            stamped = StampedOp(seq, decision.stamp, op, decision.joined)
            boards[0].apply(stamped)
            resting.apply(stamped)
        if way != "reopen":
            treat(resting, way)


@pytest.mark.no_cover
@given(histories(), st.data())
def test_pieces_and_what_is_awake_are_the_whole_board(history: History, data: st.DataObject) -> None:
    """Pieces that were kept may be older than their elements, never wrong: they join to the board. [RES-9]"""
    board = Board()
    for op in history.log:
        board.apply(op)
        way = data.draw(st.sampled_from(WAYS))
        if way != "reopen":
            treat(board, way)
    joiner, hidden = Board(), {one.id for one in board if one.is_deleted}
    for part in board.parts():
        text = inflate(part.piece) if part.piece is not None else part.still().text
        for state in json.loads(b"[" + text + b"]"):
            assert state["id"] not in hidden
            joiner.join(state["id"], json.dumps(state).encode())
    for one in board.awake():
        if not one.is_deleted:
            joiner.join(one.id, one.state())
    assert states(joiner) == [one for one in states(replica(history.log)) if not one.get("deleted")]


def note(seq: int, element: ElementId = E) -> StampedOp:
    """A note's create."""
    return StampedOp(seq, Stamp(seq, A, seq), Create(element, ElementType.NOTE, {"x": b"1"}))


def resting(count: int) -> Board:
    """A board with packed notes e0, e1 and so on."""
    board = replica([note(number + 1, ElementId(f"e{number}")) for number in range(count)])
    return treat(treat(board, "rest"), "pack")


def test_only_what_was_not_touched_since_rests() -> None:
    """The op's seq tells; what is not created or deleted stays awake whatever its age."""
    board = replica(
        [
            note(1, ElementId("old")),
            StampedOp(2, Stamp(2, A, 2), SetProperties(ElementId("bare"), {"x": b"1"})),
            note(3, ElementId("gone")),
            StampedOp(4, Stamp(4, A, 4), Delete(ElementId("gone"))),
            note(5, ElementId("new")),
        ]
    )
    assert board.rest(board.awake(), 4) == 1
    assert {one.id for one in board.awake()} == {"bare", "gone", "new"}
    assert board.get(ElementId("old")) is board.get(ElementId("old")), "it is awake now"
    assert board.awake_count == 4


def test_whoever_asks_again_and_again_sees_all_that_are_awake() -> None:
    """Those that cannot rest do not stand in the way of the others."""
    gone = [StampedOp(20 + n, Stamp(20 + n, A, 20 + n), Delete(ElementId(f"e{n}"))) for n in range(4)]
    board = replica([note(n + 1, ElementId(f"e{n}")) for n in range(10)] + gone)
    laid = [board.rest_next(3, board.seq) for _ in range(5)]
    assert (sum(laid), board.awake_count, laid[-1]) == (6, 4, 0)
    assert [board.rest_next(3, board.seq) for _ in range(3)] == [0, 0, 0]


def test_what_is_hot_grows_with_those_who_have_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """From LEAST_HOT_OPS on, by HOT_OPS_OF_CLIENT each, up to HOT_OPS."""
    monkeypatch.setattr(core_board, "HOT_OPS", 200)
    board = Board()
    found = []
    for number in range(7):
        found.append(board.hot_ops)
        board.note_counter(ClientId(f"c{number}"), 1)
    assert found == [128, 144, 160, 176, 192, 200, 200]


def test_parts_that_are_full_are_packed_in_their_order_by_whoever_asks() -> None:
    """The newest, which is being filled, is not among them, nor one that somebody has packed."""
    board = replica([note(number + 1, ElementId(f"e{number}")) for number in range(14)])
    board.rest(board.awake(), board.seq)
    *full, newest = board.parts()
    assert len(full) > 3
    full[1].pack()
    board.pack_full(2)
    assert [part.is_packed for part in full] == [True] * 3 + [False] * (len(full) - 3)
    board.pack_full(100)
    assert all(part.is_packed for part in full)
    assert not newest.is_packed
    board.pack_full(1)


def test_parts_of_a_checkpoint_hold_its_text_until_they_are_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them one text, of which none has a copy."""
    monkeypatch.setattr(snapshot, "REST_PART_BYTES", 150)
    body = snapshot.dump(resting(9))
    board = snapshot.load(body)
    kept = [part.still().kept for part in board.parts()]
    assert len(kept) > 1
    assert all(isinstance(one, Rows) and one.text is body for one in kept)
    treat(board, "pack")
    assert all(isinstance(part.still().kept, bytes) for part in board.parts())
    assert states(board) == states(snapshot.load(body))


def test_an_element_that_was_awake_elsewhere_is_not_laid() -> None:
    """Between two slices of work it may have been forgotten, or laid and woken."""
    board = resting(1)
    element = board.get(ElementId("e0"))
    assert element is not None
    assert board.rest([element.copy()], board.seq) == 0
    board.forget([element.id])
    assert board.rest([element], board.seq) == 0


def test_a_woken_element_leaves_the_piece_as_it_is() -> None:
    """A piece with an older state serves on; a deletion or a new state in the part ends it."""
    board = resting(2)
    part = board.parts()[0]
    piece = part.piece
    board.get(ElementId("e0"))
    assert part.piece is piece
    assert not part.is_packed
    board.apply(StampedOp(9, Stamp(9, A, 9), Delete(ElementId("e0"))))
    assert part.piece is None
    part.pack()
    assert [json.loads(one)["id"] for one in part.still().states().values()] == ["e1"]
    board.get(ElementId("e1"))
    treat(board, "rest")
    assert part.piece is None


def test_a_piece_of_what_has_changed_meanwhile_is_not_kept() -> None:
    """Deflating is done in slices, and the board goes on."""
    board = treat(replica([note(1), note(2, ElementId("f"))]), "rest")
    part = board.parts()[0]
    still = part.still()
    board.get(E)
    part.keep(still, deflate(still.text))
    assert part.piece is None
    assert sorted(still.states()) == ["e", "f"], "it is what it was"


def test_an_element_that_grew_moves_to_a_part_with_room() -> None:
    """So that parts stay small; its old part does not show it any more."""
    board = resting(2)
    home = board.parts()[0]
    board.apply(
        StampedOp(9, Stamp(9, A, 9), SetProperties(ElementId("e0"), {"text": b'"' + b"x" * 400 + b'"'}))
    )
    treat(board, "rest")
    assert len(board.parts()) == 2
    assert list(home.still().states()) == ["e1"]
    assert home.members == 1


def test_what_a_part_drops_is_what_it_can_make_again() -> None:
    """A piece that all its states are in stays; one that they are beside goes, and so do steps. Bytes are counted."""
    part = Part(Rows(b'{"id":"a"},{"id":"b"}', 0, 21), members=2)
    part.pack()
    part.keep_steps(part.still(), b"steps")
    assert part.drop_spare() == 5
    assert part.is_packed
    piece = part.piece
    assert piece
    assert part.take(ElementId("a")) == b'{"id":"a"}'
    assert part.drop_spare() == len(piece)
    assert (part.drop_spare(), part.still().text) == (0, b'{"id":"b"}')


def test_an_empty_part_says_nothing() -> None:
    """Also when it has been packed."""
    part = Part()
    assert part.still().states() == {}
    part.pack()
    assert (part.still().text, part.is_packed) == (b"", True)
