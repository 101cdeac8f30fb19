"""Users and roles in SQL."""

from collections.abc import Sequence
from typing import Final

from whiteboard.errors import StorageConflict
from whiteboard.ids import BoardId
from whiteboard.storage import metadata
from whiteboard.storage.metadata import Grant, Role, User, UserId
from whiteboard.storage.sql.door import Door, Row, Sql

_CREATE_USER: Final = """
    INSERT INTO users (user_id, name, created_at, disabled_at) VALUES (:user, :name, :created_at, :disabled_at)
    ON CONFLICT (user_id) DO NOTHING
"""
_GRANT: Final = """
    INSERT INTO grants (board, user_id, role, granted_at, granted_by) VALUES (:board, :user, :role, :at, :by)
    ON CONFLICT (board, user_id) DO UPDATE SET
        role = excluded.role, granted_at = excluded.granted_at, granted_by = excluded.granted_by
"""
_ROLE: Final = """
    SELECT g.role FROM grants g JOIN users u ON u.user_id = g.user_id
    WHERE g.board = :board AND g.user_id = :user AND u.disabled_at IS NULL
"""
_GRANTS: Final = "SELECT board, user_id, role, granted_at, granted_by FROM grants"


class SqlPeople:
    """See `whiteboard.storage.metadata.People`."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def create_user(self, user: User) -> bool:
        metadata.check_texts(user)
        values = {name: getattr(user, name) for name in User.__slots__}
        return await self._door.write(lambda sql: sql.count(_CREATE_USER, values) == 1)

    async def user(self, user: UserId) -> User | None:
        select = "SELECT user_id, name, created_at, disabled_at FROM users WHERE user_id = :user"
        found = await self._door.read(lambda sql: sql.rows(select, {"user": user}))
        return User(*found[0]) if found else None

    async def users(self, limit: int, after: UserId | None = None) -> Sequence[User]:
        metadata.check_page(limit)
        select = """SELECT user_id, name, created_at, disabled_at FROM users
                    WHERE user_id > :after ORDER BY user_id LIMIT :limit"""
        values = {"after": after or "", "limit": limit}
        return [User(*row) for row in await self._door.read(lambda sql: sql.rows(select, values))]

    async def disable_user(self, user: UserId, at: int) -> bool:
        update = "UPDATE users SET disabled_at = :at WHERE user_id = :user AND disabled_at IS NULL"
        return await self._door.write(lambda sql: sql.count(update, {"user": user, "at": at}) == 1)

    async def grant(self, grant: Grant) -> None:
        metadata.check_texts(grant)
        await self._door.write(lambda sql: _grant(sql, grant))

    async def role(self, board: BoardId, user: UserId) -> Role | None:
        found = await self._door.read(lambda sql: sql.rows(_ROLE, {"board": board, "user": user}))
        return Role(found[0][0]) if found else None

    async def grants_on(self, board: BoardId, limit: int, after: UserId | None = None) -> Sequence[Grant]:
        metadata.check_page(limit)
        select = f"{_GRANTS} WHERE board = :board AND user_id > :after ORDER BY user_id LIMIT :limit"
        values = {"board": board, "after": after or "", "limit": limit}
        return [_read_grant(row) for row in await self._door.read(lambda sql: sql.rows(select, values))]

    async def grants_of(self, user: UserId, limit: int, after: BoardId | None = None) -> Sequence[Grant]:
        metadata.check_page(limit)
        select = f"{_GRANTS} WHERE user_id = :user AND board > :after ORDER BY board LIMIT :limit"
        values = {"user": user, "after": after or "", "limit": limit}
        return [_read_grant(row) for row in await self._door.read(lambda sql: sql.rows(select, values))]

    async def revoke(self, board: BoardId, user: UserId) -> bool:
        delete = "DELETE FROM grants WHERE board = :board AND user_id = :user"
        return await self._door.write(lambda sql: sql.count(delete, {"board": board, "user": user}) == 1)


def _grant(sql: Sql, grant: Grant) -> None:
    if not sql.rows("SELECT 1 FROM users WHERE user_id = :user", {"user": grant.user}):
        raise StorageConflict(f"nobody has created user {grant.user!r}")
    values = {"board": grant.board, "user": grant.user, "role": grant.role.value}
    sql.count(_GRANT, {**values, "at": grant.granted_at, "by": grant.granted_by})


def _read_grant(row: Row) -> Grant:
    board, user, role, granted_at, granted_by = row
    return Grant(board, user, Role(role), granted_at, granted_by)
