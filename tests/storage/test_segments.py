import pytest
from hypothesis import given
from hypothesis import strategies as st

from whiteboard.errors import StorageCorrupt
from whiteboard.storage import segments


@given(st.lists(st.binary(max_size=200)))
def test_a_segment_gives_its_bodies_back(bodies: list[bytes]) -> None:
    """Packing and unpacking changes nothing, empty bodies included."""
    assert segments.unpack(segments.pack(bodies)) == bodies


@given(st.lists(st.binary(min_size=1, max_size=50), min_size=1), st.data())
def test_a_damaged_segment_is_noticed(bodies: list[bytes], data: st.DataObject) -> None:
    """A segment with a changed byte or a lost end never gives other bodies."""
    good = segments.pack(bodies)
    at = data.draw(st.integers(2, len(good) - 1))  # the header's level hint says nothing of the bodies
    flipped = good[:at] + bytes([good[at] ^ data.draw(st.integers(1, 255))]) + good[at + 1 :]
    for damaged in (flipped, good[:at]):
        try:
            assert segments.unpack(damaged) == bodies
        except StorageCorrupt:
            continue


def test_no_segment_at_all_is_corrupt() -> None:
    """Bytes that are no zlib stream raise StorageCorrupt."""
    with pytest.raises(StorageCorrupt):
        segments.unpack(b"not a segment")


@given(st.lists(st.integers(0, 100)), st.integers(0, 200))
def test_slice_by_size_takes_what_fits(sizes: list[int], bound: int) -> None:
    """The longest beginning within the bound, or one."""
    taken = segments.slice_by_size(sizes, bound)
    assert taken == 0 if not sizes else taken >= 1
    assert taken <= 1 or sum(sizes[:taken]) <= bound
    assert taken == len(sizes) or sum(sizes[: taken + 1]) > bound
