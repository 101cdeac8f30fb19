"""The port for what is known *about* boards: who may, who was there, what happened (R31). Owns no I/O; knows no adapter.

Exceptions, arguments and writes are as in `whiteboard.storage.ports`: all methods are Trio coroutines and checkpoint; any of
them may raise `StorageUnavailable` or `StorageCorrupt`; a write that was cancelled or raised may have been done or not, whole
or not at all, and can be repeated. Nothing that people draw is kept here, and no secret: of links and keys only digests.

Times are milliseconds since 1970. Texts have no control characters (`clean` makes them so) and at most MAX_RECORD_CHARS.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NewType, Protocol, runtime_checkable

from whiteboard import limits
from whiteboard.ids import BoardId, ClientId, SessionId

ServerId = NewType("ServerId", str)
"""One server's life, from its start to its end; an instance that is started again has another one."""
UserId = NewType("UserId", str)
LinkId = NewType("LinkId", str)

Scalar = str | int | float | bool | None

SERVER_LOST: Final = "its server fell silent"
"""Why a session ended whose server did not live to say so."""


# --- what happened: changes that are written many at a time ------------------------------------
@dataclass(frozen=True, slots=True)
class BoardCreated:
    """A board is there, anew when it had been deleted."""

    board: BoardId
    at: int


@dataclass(frozen=True, slots=True)
class BoardDeleted:
    """A board was deleted. Its roles and links go with it."""

    board: BoardId
    at: int


@dataclass(frozen=True, slots=True)
class ServerSeen:
    """A server's sign of life, which counts for all of its sessions."""

    server: ServerId
    instance: str
    """What operators call the server."""


@dataclass(frozen=True, slots=True)
class ServerEnded:
    """A server stopped, and with it those of its sessions that had not ended."""

    server: ServerId
    at: int
    why: str


@dataclass(frozen=True, slots=True)
class SessionBegun:
    """A person came to a board. Written again it takes the place of what was there, an end included."""

    session: SessionId
    board: BoardId
    server: ServerId
    client: ClientId
    name: str
    """How the person wished to be called."""
    address: str
    """The peer's, or what a trusted proxy said; `""` when unknown."""
    since: int
    user: UserId | None = None


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """A person left a board."""

    session: SessionId
    at: int
    why: str


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One line of the audit: who did what, on what. Never changed; written again it stays one line."""

    entry: str
    """The writer's random name for it."""
    at: int
    instance: str
    who: str
    """`client:<id>`, `user:<id>`, `operator` or `server`."""
    what: str
    """A dotted name: `session.begun`."""
    board: BoardId | None = None
    subject: str = ""
    """What else it is about: `session:<id>`, `link:<id>`."""
    detail: Mapping[str, Scalar] = field(default_factory=dict)
    """At most MAX_AUDIT_DETAIL_BYTES as JSON."""


Change = BoardCreated | BoardDeleted | ServerSeen | ServerEnded | SessionBegun | SessionEnded | AuditLine


# --- what is known -----------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class BoardRecord:
    """What is known of a board, also of one that was deleted."""

    board: BoardId
    created_at: int
    """Or when it was first noticed."""
    seen_at: int
    """When somebody last came to it, or it was created."""
    deleted_at: int | None


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A person's stay on a board."""

    session: SessionId
    board: BoardId
    server: ServerId
    instance: str
    client: ClientId
    user: UserId | None
    name: str
    address: str
    since: int
    seen_at: int
    """Its server's last sign of life, at most; its own end if it has ended."""
    ended_at: int | None
    why: str | None
    """Why it ended."""


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """A line of the audit with its place."""

    number: int
    """Rises with each line; gaps are allowed."""
    line: AuditLine


@dataclass(frozen=True, slots=True)
class User:
    """A person with a name of their own on this server."""

    user: UserId
    name: str
    created_at: int
    disabled_at: int | None = None


class Role(StrEnum):
    """What a user or a link may do on a board; each may do what the ones after it may."""

    OWNER = "owner"
    EDITOR = "editor"
    VIEWER = "viewer"


@dataclass(frozen=True, slots=True)
class Grant:
    """A user's role on a board."""

    board: BoardId
    user: UserId
    role: Role
    granted_at: int
    granted_by: str
    """As `AuditLine.who`."""


@dataclass(frozen=True, slots=True)
class Link:
    """A share link: whoever has its secret has its role on its board."""

    link: LinkId
    board: BoardId
    digest: bytes
    """Of the secret, 32 bytes; the secret itself is kept nowhere."""
    role: Role
    created_at: int
    created_by: str
    """As `AuditLine.who`."""
    expires_at: int | None = None
    revoked_at: int | None = None

    def is_open(self, at: int) -> bool:
        """Whether it lets anybody in at a time."""
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)


# --- the ports ---------------------------------------------------------------------------------
class Chronicle(Protocol):
    """Boards, servers, sessions and the audit: what `record` was told of.

    A session is *live* until it has ended or its server has been silent for too long. Silence is measured by the clock of
    the place where the metadata are, so that servers whose clocks differ do not end each other's sessions.
    """

    async def record(self, changes: Sequence[Change]) -> None:
        """Write changes, in their order, in one atomic step.

        Args:
            changes: 1 to MAX_RECORD_BATCH.
        """

    async def board(self, board: BoardId) -> BoardRecord | None:
        """What is known of a board; None when nothing is."""

    async def boards(self, limit: int, after: BoardId | None = None) -> Sequence[BoardRecord]:
        """All that are known, deleted ones too, by id in ascending order, those above `after`, at most `limit`."""

    async def session(self, session: SessionId) -> SessionRecord | None:
        """A session, live or not; None when nothing is known of it."""

    async def live(
        self,
        limit: int,
        *,
        silent_ms: int,
        board: BoardId | None = None,
        after: SessionId | None = None,
    ) -> Sequence[SessionRecord]:
        """Live sessions by id in ascending order, those above `after`, at most `limit`.

        Args:
            silent_ms: sessions of servers that have been silent for longer are not live.
            board: only those on this board; None for all.
        """

    async def end_lost(self, limit: int, *, silent_ms: int) -> Sequence[SessionRecord]:
        """End sessions of servers that have been silent for longer, at most `limit`; those that were ended.

        They end with SERVER_LOST, at their server's last sign of life. Each is given to one caller only.
        """

    async def audit(
        self, limit: int, *, board: BoardId | None = None, before: int | None = None
    ) -> Sequence[AuditRecord]:
        """Lines of the audit from the newest to the oldest, those with numbers below `before`, at most `limit`."""

    async def forget(self, limit: int, *, before: int) -> int:
        """Forget sessions that ended before a time, lines of the audit and ended servers from before it; how many.

        At most `limit` of each kind: 0 says that nothing is left.
        """


class People(Protocol):
    """Users, and their roles on boards."""

    async def create_user(self, user: User) -> bool:
        """Note a user; False, and nothing is changed, when the id is taken."""

    async def user(self, user: UserId) -> User | None:
        """A user, disabled or not."""

    async def users(self, limit: int, after: UserId | None = None) -> Sequence[User]:
        """Users by id in ascending order, those above `after`, at most `limit`."""

    async def disable_user(self, user: UserId, at: int) -> bool:
        """Disable a user, whose roles stay noted; False when there is none, or disabled already."""

    async def grant(self, grant: Grant) -> None:
        """Give a user a role on a board, in place of the one they had. Raises StorageConflict for an unknown user."""

    async def role(self, board: BoardId, user: UserId) -> Role | None:
        """The role of a user on a board; None for no role and for disabled users."""

    async def grants_on(self, board: BoardId, limit: int, after: UserId | None = None) -> Sequence[Grant]:
        """Roles on a board by user, those above `after`, at most `limit`."""

    async def grants_of(self, user: UserId, limit: int, after: BoardId | None = None) -> Sequence[Grant]:
        """Roles of a user by board, those above `after`, at most `limit`."""

    async def revoke(self, board: BoardId, user: UserId) -> bool:
        """Take a user's role on a board away; False when there was none."""


class Links(Protocol):
    """Share links."""

    async def create(self, link: Link) -> None:
        """Note a link. Raises StorageConflict when its id or its digest is another link's."""

    async def find(self, digest: bytes) -> Link | None:
        """The link with this digest, open or not."""

    async def page(self, board: BoardId, limit: int, after: LinkId | None = None) -> Sequence[Link]:
        """Links of a board by id in ascending order, those above `after`, at most `limit`."""

    async def revoke(self, link: LinkId, at: int) -> bool:
        """Close a link; False when there is none, or revoked already."""


class Metadata(Protocol):
    """All ports of one place. Comes from an adapter's `open_*` context manager, which closes it."""

    @property
    def chronicle(self) -> Chronicle: ...

    @property
    def people(self) -> People: ...

    @property
    def links(self) -> Links: ...

    async def probe(self) -> None:
        """Write something small and read it back; raises StorageUnavailable when that fails."""


@runtime_checkable
class KeepsMetadata(Protocol):
    """A storage of boards that has room for their metadata too."""

    @property
    def metadata(self) -> Metadata: ...


# --- checks and texts ---------------------------------------------------------------------------
def clean(text: str, most: int = limits.MAX_RECORD_CHARS) -> str:
    """A text as records take it: what cannot be printed is left out, what is too long is cut."""
    return "".join(char for char in text if char.isprintable())[:most]


def encode_detail(detail: Mapping[str, Scalar]) -> str:
    """A detail as JSON. Raises ValueError for one that is too large, or whose texts are not clean."""
    for text in (*detail, *detail.values()):
        if isinstance(text, str) and not text.isprintable():
            raise ValueError(
                f"a detail has no control characters, not {text[: limits.MAX_SHOWN_VALUE_CHARS]!r}"
            )
    encoded = json.dumps(dict(detail), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    if len(encoded.encode()) > limits.MAX_AUDIT_DETAIL_BYTES:
        raise ValueError(f"a detail has at most {limits.MAX_AUDIT_DETAIL_BYTES} bytes, not {len(encoded)}")
    return encoded


def check_changes(changes: Sequence[Change]) -> None:
    """Raises ValueError for no or too many changes, and for texts that are not as they should be."""
    if not 1 <= len(changes) <= limits.MAX_RECORD_BATCH:
        raise ValueError(f"a record takes 1 to {limits.MAX_RECORD_BATCH} changes, not {len(changes)}")
    for change in changes:
        check_texts(change)
        if isinstance(change, AuditLine):
            encode_detail(change.detail)


def check_texts(record: Change | User | Grant | Link) -> None:
    """Raises ValueError for a text that is too long or has control characters."""
    for name in type(record).__slots__:
        text = getattr(record, name)
        if isinstance(text, str) and (len(text) > limits.MAX_RECORD_CHARS or not text.isprintable()):
            shown = text[: limits.MAX_SHOWN_VALUE_CHARS]
            raise ValueError(
                f"{name}: expected at most {limits.MAX_RECORD_CHARS} printable characters, got {shown!r}"
            )


def check_link(link: Link) -> None:
    """Raises ValueError as `check_texts` does, and for what is no digest."""
    check_texts(link)
    if len(link.digest) != limits.LINK_DIGEST_BYTES:
        raise ValueError(f"a link's digest has {limits.LINK_DIGEST_BYTES} bytes, not {len(link.digest)}")


def check_page(limit: int) -> None:
    """Raises ValueError for a page of no or too many lines."""
    if not 1 <= limit <= limits.MAX_RECORD_PAGE:
        raise ValueError(f"a page has 1 to {limits.MAX_RECORD_PAGE} lines, not {limit}")
