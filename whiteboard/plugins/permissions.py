"""The interface of permission hooks: what a hook is asked, and what it may answer. Values and promises only.

A hook decides who may come to a board, and which of their ops are taken. Several are asked in the order of the setting
`permissions`: the first refusal counts, and whoever is a viewer to one of them is a viewer.

The server promises a hook:
- It is asked before anything happens: nobody hears of a visitor, and no op is stored, until every hook has let it pass.
- The ops of one session are asked about one after the other, in their order; those of different sessions at the same time.
- It is asked about an op once each time that it is sent; one that comes again after a lost connection is asked about again.

It does not promise that an allowed op is stored: it may be refused for other reasons.

A hook promises the server:
- To answer within HOOK_ENTER (2 s) who comes, and within HOOK_OP (0.25 s) each op. A later answer does not count: the question is
  answered as if there was none, with a code that asks to try again. After HOOK_PATIENCE (5) late ones in a row the hook is
  left alone for HOOK_PAUSE (5 s), and everything it guards is refused meanwhile.
- An `async def` runs on Trio, in the server's own thread: it never blocks, takes being cancelled, and shields nothing. Anything
  that blocks is a plain `def`: that runs in one of HOOK_THREADS (8) threads of its own, and one that hangs keeps its thread.
- To raise means to give no answer: it is counted, logged without what people drew, and the visitor or op is refused.

Nothing a hook does holds up anybody but the session that it was asked about.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from whiteboard.ids import BoardId, ClientId, ElementId, OpId, SessionId

INTERFACE: Final = 1
"""Counts up when questions or answers change so that a hook has to as well."""


class Role(StrEnum):
    """What somebody may do on a board."""

    EDITOR = "editor"
    """See and draw."""
    VIEWER = "viewer"
    """See, point and follow; every op is refused without asking a hook."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody wants to come to a board, or to read it over HTTP."""

    board: BoardId
    address: str
    """Their IP address, as far as trusted proxies tell; empty on a Unix socket."""
    token: str | None = field(repr=False)
    """The token that they gave: in `hello`, else as `Authorization: Bearer`, else as `?token=`."""
    session: SessionId | None
    """The session that would begin; None for a request over HTTP."""
    client: str | None
    """The client id that they ask for. They have not shown that it is theirs, and may get another one."""
    name: str
    """What they call themselves; for showing only."""


@dataclass(frozen=True, slots=True)
class Change:
    """One op that somebody on a board wants to make."""

    board: BoardId
    session: SessionId
    client: ClientId
    """The session's client id, which it has shown to be its own."""
    address: str
    """As in the session's `Visit`."""
    subject: str
    """What this hook called the session's person when it let them in."""
    kind: str
    """The op's type: `stroke`, `shape`, `text`, `note`, `image`, `page`, `append`, `set`, `delete`, `restore`."""
    element: ElementId
    op_id: OpId | None
    """None for a client that leaves op ids to the server."""
    content: bytes = field(repr=False)
    """The op as a JSON object, checked, without stamps; at most MAX_FRAME_BYTES."""


@dataclass(frozen=True, slots=True)
class Admission:
    """Come in."""

    role: Role = Role.EDITOR
    subject: str = ""
    """Who that is, in the hook's own words, at most MAX_SUBJECT_CHARS; given back with each `Change`."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """No."""

    reason: str
    """For the person who is refused; cut to MAX_REASON_CHARS."""
    is_unauthenticated: bool = False
    """Whether another token would help: the session is closed with 4401 then, with 4403 otherwise. Means nothing for ops."""


Entry = Admission | Refusal


class PermissionHook(Protocol):
    """What the block of an open hook gives."""

    @property
    def enter(self) -> Callable[[Visit], Entry | Awaitable[Entry]]:
        """May they come, and as what? Asked before the welcome, and again each HOOK_AGAIN (60 s) while the session lasts.

        Asked again, another role is told to the session, and a refusal ends it; no answer changes nothing.
        Raises whatever it likes: see the module.
        """

    @property
    def change(self) -> Callable[[Change], Refusal | None | Awaitable[Refusal | None]] | None:
        """May this op be made? None for yes. The attribute itself is None for a hook that never looks at ops."""


OpenHook = Callable[[], AbstractAsyncContextManager[PermissionHook]]
"""Opens the hook; called once. The block may hold a nursery of its own, for what it watches or refreshes.

What it raises on its way in keeps the server from starting; what it raises later ends the server.
"""


class PermissionPlugin(Protocol):
    """What an entry point of the group `whiteboard.permissions` resolves to."""

    @property
    def interface(self) -> int:
        """`INTERFACE` of the version that the plugin was written for."""

    def configure(self, options: Mapping[str, str]) -> OpenHook:
        """How to open the hook that these options describe. Touches nothing: `check-config` calls it too.

        Args:
            options: of the setting `permission_options` those below the hook's own name, which is left out.

        Raises:
            ConfigError: with every problem of the options.
        """
