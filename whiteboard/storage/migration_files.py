"""Schema versions as files: numbered SQL, applied in order. Knows no database."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from typing import Final

_FILE_NAME: Final = re.compile(r"([0-9]{4})_[a-z0-9_]+\.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    """One step from version `number` - 1 to `number`."""

    number: int
    name: str
    sql: str
    """Statements without BEGIN and COMMIT."""

    @property
    def checksum(self) -> str:
        """SHA-256 of the statements, 64 hex digits."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def in_order(files: Iterable[Traversable]) -> list[Migration]:
    """The migrations among these files. Raises ValueError when a number is missing or there twice."""
    chain = [
        Migration(int(match[1]), file.name, file.read_text("utf-8"))
        for file in files
        if (match := _FILE_NAME.fullmatch(file.name))
    ]
    chain.sort(key=lambda migration: migration.number)
    if [migration.number for migration in chain] != list(range(1, len(chain) + 1)):
        raise ValueError(f"migrations are not numbered 1 to {len(chain)}")
    return chain
