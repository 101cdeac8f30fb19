"""All metadata ports on one database."""

from whiteboard.errors import StorageUnavailable
from whiteboard.storage.metadata import Chronicle, Links, People
from whiteboard.storage.sql.chronicle import SqlChronicle
from whiteboard.storage.sql.door import Door, Sql
from whiteboard.storage.sql.links import SqlLinks
from whiteboard.storage.sql.people import SqlPeople


class SqlMetadata:
    """See `whiteboard.storage.metadata.Metadata`."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._chronicle = SqlChronicle(door)
        self._people = SqlPeople(door)
        self._links = SqlLinks(door)

    @property
    def chronicle(self) -> Chronicle:
        return self._chronicle

    @property
    def people(self) -> People:
        return self._people

    @property
    def links(self) -> Links:
        return self._links

    async def probe(self) -> None:
        written = await self._door.write(_write_probe)
        if await self._door.read(_read_probe) < written:
            raise StorageUnavailable("a probe was written and does not read back")


def _write_probe(sql: Sql) -> int:
    return int(sql.rows("UPDATE probe SET count = count + 1 RETURNING count", {})[0][0])


def _read_probe(sql: Sql) -> int:
    return int(sql.rows("SELECT count FROM probe", {})[0][0])
