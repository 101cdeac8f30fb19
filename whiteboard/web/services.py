"""What the routes need of the rest of the server. The composition root fills it in."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

import attrs

from whiteboard.config import Rates, Settings
from whiteboard.diagnostics.profiles.sources import Profiles, Sources
from whiteboard.diagnostics.sampling import Sampling
from whiteboard.ids import BoardId
from whiteboard.plugins.guard import Guard
from whiteboard.render.studio import Studio
from whiteboard.storage.blobs import Blobs
from whiteboard.storage.metadata import Chronicle
from whiteboard.storage.ports import Boards, OpLog
from whiteboard.trust.policy import Trust


class Rooms(Protocol):
    """The boards as they are now, whether in memory or not."""

    async def board_view(self, board: BoardId) -> bytes | None:
        """`{"board","seq","clock","elements":[…]}` with the visible elements, as JSON.

        None when nobody has created the board. Raises StorageError, RoomClosed.
        """

    async def create_board(self, board: BoardId) -> bool:
        """Create an empty board; False when it exists. Raises StorageError, RoomClosed.

        Goes through the rooms, because an open room holds the epoch of a board without ops.
        """

    async def delete_board(self, board: BoardId) -> bool:
        """End its sessions and forget it with its history; False when there is none."""

    def readiness(self) -> Sequence[str]:
        """Why no new session should come here (draining); empty when they may."""


@attrs.frozen(kw_only=True)
class WebServices:
    """Everything that a request may touch."""

    settings: Settings
    trust: Trust = attrs.field(factory=Trust)
    """Whom the settings let the server believe and let in."""
    rooms: Rooms
    boards: Boards
    op_log: OpLog
    blobs: Blobs | None = None
    """Where pictures are kept; None where nobody keeps them."""
    studio: Studio | None = None
    """Who draws pictures of boards; None where nobody does."""
    guard: Guard | None = None
    """Who may read and create boards; everybody may without one."""
    probe: Callable[[], Awaitable[None]]
    """`Storage.probe`: raises StorageError when writing fails."""
    chronicle: Chronicle
    degraded: Callable[[], Sequence[str]] = tuple
    """What does not work now without keeping anybody from drawing; for `/readyz`."""
    tasks: Callable[[], Mapping[str, Any]]
    """What `/debug/tasks` answers: `diagnostics.tasks.report` with the server's counts."""
    status: Callable[[], Mapping[str, Any]]
    """How this process is doing: `diagnostics.status.report`."""
    status_of: Callable[[int], Awaitable[Mapping[str, Any] | None]] | None = None
    """The same of each of several workers, as `report_of`."""
    cluster: Callable[[], Mapping[str, Any]]
    """What `/api/cluster` answers: `cluster.membership.report` of the servers that are known."""
    report_of: Callable[[int], Awaitable[Mapping[str, Any] | None]] | None = None
    """The same of each of `settings.workers` by number, where they are several; None for one that does not answer."""
    sampling: Sampling
    """What this process samples of itself."""
    profiles: Profiles = attrs.field(factory=Sources)
    """What can be looked at of this process, for `/debug/pprof/`."""
    profiles_of: Callable[[int], Profiles] | None = None
    """The same of each of `settings.workers` by number, where they are several."""
    sample_elsewhere: Callable[[Rates, float], Awaitable[Sequence[int]]] | None = None
    """Has the other workers sample the same for so many seconds; the numbers of those that do not answer."""
    asyncapi: Callable[[], bytes]
    """The AsyncAPI document, as JSON."""
    messages_schema: Callable[[], bytes]
    """The JSON Schema of all messages, as JSON."""
