"""Fractional z-order keys: between any two there is room for another. Pure strings.

A key is an integer part and a fraction, both in base 62 with digits in ASCII order, so that plain
string comparison orders keys. The integer part begins with a head letter that tells how many digits
follow ('a' one, 'b' two, … upwards; 'Z' one, 'Y' two, … downwards), which makes longer integers sort
after shorter ones. A fraction never ends in '0', so that every key has one spelling.

Source: the scheme that the field calls fractional indexing (implicit order keys, as in D. Greenspan,
"Implementing Fractional Indexing", 2020); rule ids in docs/spec/.
"""

from typing import Final

DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BASE: Final = len(DIGITS)
_VALUE: Final = {digit: value for value, digit in enumerate(DIGITS)}
_MAX_DIGITS: Final = 26
_FIRST: Final[tuple[int, ...]] = tuple(
    sum(int(_BASE**power) for power in range(1, size)) for size in range(_MAX_DIGITS + 2)
)
"""By size: the smallest non-negative integer spelled with that many digits, in turn 0, 62 and 62 + 62**2."""
_LOWEST: Final = "A" + "0" * _MAX_DIGITS
_HIGHEST: Final = "z" + "z" * _MAX_DIGITS


def order_key(number: int) -> str:
    """The key of an integer, without fraction; a greater integer has a greater key.

    Raises ValueError outside of what 26 digits hold, about 4e46 to either side.
    """
    return _spell(number)


def key_between(low: str | None, high: str | None) -> str:
    """A key above `low` and below `high`; None means no neighbour on that side.

    Exists for any two keys. It may be longer than what an op may carry (MAX_ORDER_KEY_CHARS) after
    dozens of insertions at one place: then the neighbours need fresh keys.

    Raises ValueError when one is no key or low >= high.
    """
    for key in (low, high):
        if key is not None and not is_order_key(key):
            raise ValueError(f"{key!r} is no order key")
    if low is not None and high is not None and low >= high:
        raise ValueError(f"no key lies between {low!r} and {high!r}")
    if low is None:
        return _before(high)
    return _after(low, high)


def is_order_key(text: str) -> bool:
    """Whether a string is a well-formed key: not the lowest integer, below which no key would fit."""
    size = _integer_size(text[:1])
    return (
        size is not None
        and text != _LOWEST
        and len(text) >= size
        and all(digit in _VALUE for digit in text[1:])
        and not (len(text) > size and text.endswith("0"))
    )


def _before(high: str | None) -> str:
    if high is None:
        return "a0"
    integer, fraction = _split(high)
    if integer == _LOWEST:
        return integer + _midpoint("", fraction)
    if fraction:
        return integer
    previous = _spell(_number(integer) - 1)
    return previous if previous != _LOWEST else previous + _midpoint("", None)


def _after(low: str, high: str | None) -> str:
    integer, fraction = _split(low)
    if integer != _HIGHEST:
        following = _spell(_number(integer) + 1)
        if high is None or following < high:
            return following
    if high is None:
        return integer + _midpoint(fraction, None)
    high_integer, high_fraction = _split(high)
    return integer + _midpoint(fraction, high_fraction if high_integer == integer else None)


def _midpoint(low: str, high: str | None) -> str:
    """A fraction between two fractions; `high` None stands for 1."""
    if high is not None:
        shared = _shared_prefix(low, high)
        if shared:
            return high[:shared] + _midpoint(low[shared:], high[shared:])
    low_digit = _VALUE[low[0]] if low else 0
    high_digit = _VALUE[high[0]] if high else _BASE
    if high_digit - low_digit > 1:
        return DIGITS[(low_digit + high_digit + 1) // 2]
    if high is not None and len(high) > 1:
        return high[0]
    return DIGITS[low_digit] + _midpoint(low[1:], None)


def _shared_prefix(low: str, high: str) -> int:
    size = 0
    while size < len(high) and (low[size] if size < len(low) else "0") == high[size]:
        size += 1
    return size


def _split(key: str) -> tuple[str, str]:
    size = _integer_size(key[:1]) or len(key)
    return key[:size], key[size:]


def _integer_size(head: str) -> int | None:
    """Length of the integer part, head included."""
    if "a" <= head <= "z":
        return ord(head) - ord("a") + 2
    if "A" <= head <= "Z":
        return ord("Z") - ord(head) + 2
    return None


def _number(integer: str) -> int:
    digits = integer[1:]
    value = 0
    for digit in digits:
        value = value * _BASE + _VALUE[digit]
    if integer[0] >= "a":
        return value + _FIRST[len(digits)]
    return value - _FIRST[len(digits) + 1]


def _spell(number: int) -> str:
    negative = number < 0
    for size in range(1, _MAX_DIGITS + 1):
        low, high = _FIRST[size], _FIRST[size + 1]
        if not negative and number < high:
            return chr(ord("a") + size - 1) + _digits(number - low, size)
        if negative and number >= -high:
            return chr(ord("Z") - size + 1) + _digits(number + high, size)
    raise ValueError(f"{number} has more than {_MAX_DIGITS} base-62 digits")


def _digits(value: int, size: int) -> str:
    spelled = []
    for _ in range(size):
        value, digit = divmod(value, _BASE)
        spelled.append(DIGITS[digit])
    return "".join(reversed(spelled))
