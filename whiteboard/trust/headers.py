"""Header fields of a request, however they came in. Pure."""

from collections.abc import Iterable, Iterator, Sequence


class Headers:
    """Header fields in the order they came; names are looked up without regard to case."""

    def __init__(self, fields: Iterable[tuple[str, str]]) -> None:
        self._fields = [(name.lower(), value) for name, value in fields]
        self._values: dict[str, list[str]] = {}
        for name, value in self._fields:
            self._values.setdefault(name, []).append(value)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._fields)

    def get_all(self, name: str) -> Sequence[str]:
        """Every value of the field, as it came."""
        return self._values.get(name.lower(), ())

    def get(self, name: str) -> str | None:
        """The first value of the field."""
        values = self._values.get(name.lower())
        return None if values is None else values[0]

    def elements(self, name: str) -> list[str]:
        """The comma-separated elements of all values of the field, stripped, none empty."""
        values = self._values.get(name.lower())
        if values is None:
            return []
        return [bare for part in ",".join(values).split(",") if (bare := part.strip())]
