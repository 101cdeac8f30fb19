"""Reading what a plugin was given: each option once, and all that is wrong with them together."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

from whiteboard.errors import ConfigError

Value = TypeVar("Value")


class OptionReader:
    """Options that are taken one by one; made by `reading`."""

    def __init__(self, options: Mapping[str, str]) -> None:
        self._options = options
        self._known: list[str] = []
        self._problems: list[str] = []

    def take(self, key: str, read: Callable[[str], Value], default: Value) -> Value:
        """What `read` makes of the option's text; the default when it is not given.

        A ValueError of `read` says what was expected, and becomes a problem; the default is given then.
        """
        self._known.append(key)
        if key not in self._options:
            return default
        try:
            return read(self._options[key])
        except ValueError as error:
            self._problems.append(f"{key}: {error}, got {self._options[key]!r}")
            return default

    def require(self, key: str, read: Callable[[str], Value]) -> Value | None:
        """As `take`, of an option that has to be there; None only when there is a problem with it."""
        if key not in self._options:
            self._problems.append(f"{key}: missing")
        return self.take(key, read, None)

    def problems(self) -> Iterator[str]:
        """All that was found, options that nobody took included."""
        yield from self._problems
        for key in sorted(set(self._options) - set(self._known)):
            matches = get_close_matches(key, self._known, n=1)
            yield f"{key}: no such option{f'; did you mean {matches[0]}?' if matches else ''}"


@contextmanager
def reading(options: Mapping[str, str]) -> Iterator[OptionReader]:
    """Take options inside the block; behind it, ConfigError with every problem, if there is any."""
    reader = OptionReader(options)
    yield reader
    if problems := list(reader.problems()):
        raise ConfigError(problems)


def path(text: str) -> Path:
    """A path; `~` at its start is a home directory. Raises ValueError."""
    if not text:
        raise ValueError("expected a path")
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise ValueError("expected a path below a home directory that exists") from None


def truth(text: str) -> bool:
    """`true` or `false`, `yes` or `no`, `on` or `off`. Raises ValueError."""
    values = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
    if text.lower() not in values:
        raise ValueError("expected true or false")
    return values[text.lower()]


def seconds(text: str) -> float:
    """A number of seconds above 0. Raises ValueError."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise ValueError("expected a number of seconds above 0")
    return number
