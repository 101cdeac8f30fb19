"""Questions for permission hooks, as the server asks them. Knows the interface only."""

from whiteboard.ids import BoardId, ClientId, ElementId, OpId, SessionId
from whiteboard.plugins.permissions import Change, Visit


def visit(
    board: str = "board",
    *,
    token: str | None = None,
    address: str = "192.0.2.7",
    client: str | None = "ada",
    name: str = "Ada",
) -> Visit:
    """Somebody who wants to come to a board over a socket."""
    return Visit(
        board=BoardId(board),
        address=address,
        token=token,
        session=SessionId("s-1"),
        client=client,
        name=name,
    )


def change(
    board: str = "board",
    *,
    subject: str = "",
    kind: str = "note",
    content: bytes = b'{"type":"note","id":"n","x":1}',
    address: str = "192.0.2.7",
) -> Change:
    """An op that somebody wants to make."""
    return Change(
        board=BoardId(board),
        session=SessionId("s-1"),
        client=ClientId("ada"),
        address=address,
        subject=subject,
        kind=kind,
        element=ElementId("n"),
        op_id=OpId(ClientId("ada"), 1),
        content=content,
    )
