"""Share links in SQL."""

from collections.abc import Sequence
from typing import Final

from whiteboard.errors import StorageConflict
from whiteboard.ids import BoardId
from whiteboard.storage import metadata
from whiteboard.storage.metadata import Link, LinkId, Role
from whiteboard.storage.sql.door import Door, Row, Sql

_CREATE: Final = """
    INSERT INTO links (link, board, digest, role, created_at, created_by, expires_at, revoked_at)
    VALUES (:link, :board, :digest, :role, :created_at, :created_by, :expires_at, :revoked_at)
    ON CONFLICT DO NOTHING
"""
_LINKS: Final = "SELECT link, board, digest, role, created_at, created_by, expires_at, revoked_at FROM links"


class SqlLinks:
    """See `whiteboard.storage.metadata.Links`."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def create(self, link: Link) -> None:
        metadata.check_link(link)
        await self._door.write(lambda sql: _create(sql, link))

    async def find(self, digest: bytes) -> Link | None:
        select = f"{_LINKS} WHERE digest = :digest"
        found = await self._door.read(lambda sql: sql.rows(select, {"digest": digest}))
        return _read(found[0]) if found else None

    async def page(self, board: BoardId, limit: int, after: LinkId | None = None) -> Sequence[Link]:
        metadata.check_page(limit)
        select = f"{_LINKS} WHERE board = :board AND link > :after ORDER BY link LIMIT :limit"
        values = {"board": board, "after": after or "", "limit": limit}
        return [_read(row) for row in await self._door.read(lambda sql: sql.rows(select, values))]

    async def revoke(self, link: LinkId, at: int) -> bool:
        update = "UPDATE links SET revoked_at = :at WHERE link = :link AND revoked_at IS NULL"
        return await self._door.write(lambda sql: sql.count(update, {"link": link, "at": at}) == 1)


def _create(sql: Sql, link: Link) -> None:
    values = {**{name: getattr(link, name) for name in Link.__slots__}, "role": link.role.value}
    if sql.count(_CREATE, values) == 1:
        return
    known = sql.rows(f"{_LINKS} WHERE link = :link", {"link": link.link})
    if not known or _read(known[0]) != link:  # the same once more is a repeat
        raise StorageConflict(f"link {link.link!r} or its digest is there already")


def _read(row: Row) -> Link:
    link, board, digest, role, *rest = row
    return Link(link, board, bytes(digest), Role(role), *rest)
