"""Header fields of a request, however they came in. Pure."""

from collections.abc import Iterable, Iterator


class Headers:
    """Header fields in the order they came; names are looked up without regard to case."""

    def __init__(self, fields: Iterable[tuple[str, str]]) -> None:
        self._fields = tuple((name.lower(), value) for name, value in fields)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._fields)

    def get_all(self, name: str) -> list[str]:
        """Every value of the field, as it came."""
        name = name.lower()
        return [value for field, value in self._fields if field == name]

    def get(self, name: str) -> str | None:
        """The first value of the field."""
        return next(iter(self.get_all(name)), None)

    def elements(self, name: str) -> list[str]:
        """The comma-separated elements of all values of the field, stripped, none empty."""
        parts = ",".join(self.get_all(name)).split(",")
        return [part.strip() for part in parts if part.strip()]
