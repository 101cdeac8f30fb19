"""Order keys: strings between which there is always room."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import order_keys

from whiteboard.core.order_keys import is_order_key, key_between, order_key

LOWEST = "A" + "0" * 26
HIGHEST = "z" * 27


@pytest.mark.parametrize(
    ("number", "key"),
    [
        (0, "a0"), (1, "a1"), (61, "az"), (62, "b00"), (63, "b01"), (62 + 62**2 - 1, "bzz"),
        (62 + 62**2, "c000"), (-1, "Zz"), (-62, "Z0"), (-63, "Yzz"), (-62 - 62**2, "Y00"),
    ],
)  # fmt: skip
def test_integers_are_spelled_by_their_length_and_digits(number: int, key: str) -> None:
    """Known integers have the keys that the scheme gives them. [ORD-1] [ORD-2] [ORD-3] [ORD-4] [ORD-7]"""
    assert order_key(number) == key


@given(st.integers(-(10**40), 10**40), st.integers(-(10**40), 10**40))
def test_order_keys_sort_as_their_integers(one: int, other: int) -> None:
    """String order of keys is the order of their integers. [ORD-1] [ORD-7]"""
    assert (order_key(one) < order_key(other)) == (one < other)
    assert is_order_key(order_key(one))


def test_integers_have_at_most_26_digits() -> None:
    """The ends of the range have a key, the integers beyond them have none. [ORD-2]"""
    count = sum(62**power for power in range(1, 27))
    assert order_key(count - 1) == HIGHEST
    assert order_key(-count) == LOWEST
    for beyond in (count, -count - 1):
        with pytest.raises(ValueError, match="digits"):
            order_key(beyond)


@given(order_keys(), order_keys())
def test_a_key_fits_between_any_two(one: str, other: str) -> None:
    """Between two different keys lies a well-formed key. [ORD-11] [ORD-12]"""
    low, high = sorted((one, other))
    if low == high:
        with pytest.raises(ValueError, match="no key lies between"):
            key_between(low, high)
        return
    middle = key_between(low, high)
    assert low < middle < high
    assert is_order_key(middle)


@given(order_keys())
def test_a_key_fits_above_and_below_any(key: str) -> None:
    """There is a well-formed key above and below every key. [ORD-9] [ORD-10]"""
    above, below = key_between(key, None), key_between(None, key)
    assert below < key < above
    assert is_order_key(above)
    assert is_order_key(below)


@pytest.mark.parametrize(
    ("low", "high", "key"),
    [
        (None, None, "a0"), ("a0", None, "a1"), ("az", None, "b00"), ("Zz", None, "a0"), ("a1V", None, "a2"),
        (None, "a0", "Zz"), (None, "a0V", "a0"), (None, "b00", "az"), ("a0", "a1", "a0V"),
        ("a0", "a2", "a1"), ("a0", "a1V", "a1"), ("a0", "a0V", "a0G"), ("a0V", "a1", "a0l"),
        ("a0", "a01", "a00V"), ("a0", "a001", "a000V"), ("a0y", "a0z", "a0yV"), ("a0z", "a1", "a0zV"),
        ("a0", "a0G1", "a08"), ("a0G", "a0H5", "a0H"), ("a0G", "a0H", "a0GV"), ("a0", "a11", "a1"), ("Zz", "a1", "a0"), ("Y00", "a0", "Y01"),
    ],
)  # fmt: skip
def test_known_neighbours_have_known_keys(low: str | None, high: str | None, key: str) -> None:
    """Every branch of the algorithm, by hand. [ORD-8] [ORD-9] [ORD-10] [ORD-11] [ORD-12]"""
    assert key_between(low, high) == key


def test_the_ends_of_the_range_have_room_beyond() -> None:
    """Nobody can take the top or the bottom for ever with an extreme key. [ORD-6] [ORD-9] [ORD-10]"""
    assert key_between(HIGHEST, None) == HIGHEST + "V"
    assert key_between(HIGHEST, HIGHEST + "1") == HIGHEST + "0V"
    assert key_between(None, LOWEST + "1") == LOWEST + "0V"
    assert key_between(None, "A" + "0" * 25 + "1") == LOWEST + "V"
    with pytest.raises(ValueError, match="no order key"):
        key_between(None, LOWEST)


@pytest.mark.parametrize(
    "text",
    ["", "a", "0", "a00", "b0", "a-", "a0 ", "a0\n", "[0", "`0", "A0", LOWEST, "é0", "aé", "Z", "a0V0"],
)
def test_what_is_no_key_is_told(text: str) -> None:
    """Strings that miss a digit, end a fraction in 0 or use other characters are no keys. [ORD-5] [ORD-6]"""
    assert not is_order_key(text)
    with pytest.raises(ValueError, match="no order key"):
        key_between(text, None)


def test_neighbours_out_of_order_have_nothing_between_them() -> None:
    """A pair in the wrong order is the caller's bug. [ORD-13]"""
    with pytest.raises(ValueError, match="no key lies between 'a1' and 'a0'"):
        key_between("a1", "a0")


def test_insertion_at_one_place_grows_keys_slowly() -> None:
    """64 characters hold more than a hundred insertions at the worst place. [ORD-14]"""
    low, high = "a0", "a1"
    for _ in range(100):
        high = key_between(low, high)
    assert len(high) <= 64
