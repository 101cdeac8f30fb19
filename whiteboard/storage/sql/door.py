"""What the shared statements need of a database. Knows no database and no table."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, TypeVar

Result = TypeVar("Result")
Row = tuple[Any, ...]
Values = Mapping[str, Any]


class Sql(Protocol):
    """A transaction under way, in a worker thread."""

    def rows(self, statement: str, values: Values) -> list[Row]:
        """All rows that a statement gives."""

    def count(self, statement: str, values: Values) -> int:
        """How many rows a statement changed."""

    def batch(self, statements: Iterable[tuple[str, Values]]) -> None:
        """Statements whose answers nobody needs, in order, in as few round trips as there can be."""


class Door(Protocol):
    """Runs work in a transaction; what it raises undoes all of it. Raises as the ports do."""

    async def read(self, work: Callable[[Sql], Result]) -> Result:
        """What `work` returns, of one state of the database."""

    async def write(self, work: Callable[[Sql], Result], *, rows: int = 1) -> Result:
        """What `work` returns, once it is committed. It may be run twice, so it has no other effect.

        Args:
            rows: about how many it writes.
        """
