"""Servers to compare with, this one among them: how each is installed, started and spoken to.

`peer`       what the generator has to know of a server: `Peer`, and `Voice` for one client
`process`    a started server, pinned to core 0, and what it costs
`whiteboard` this server
`node`       what is common to peers on Node; the `ws` relay, y-websocket, hocuspocus
`tldraw_sync`, `pycrdt_room` the others; `yjs` is what clients of Yjs servers say

`available(names)` installs what is missing (pinned, into a folder outside the tree, see `node.cache_folder`) and
says of each whether it can run.
"""

from collections.abc import Sequence
from typing import Final

from benchmarks.peers.node import Hocuspocus, WsRelay, YWebsocket
from benchmarks.peers.peer import Peer, Unavailable
from benchmarks.peers.pycrdt_room import Pycrdt
from benchmarks.peers.tldraw_sync import Tldraw
from benchmarks.peers.whiteboard import Whiteboard

YARDSTICK: Final = "ws"
ALL: Final[tuple[Peer, ...]] = (
    WsRelay(),
    Whiteboard(),
    Whiteboard(offers_deflate=True),
    Whiteboard("sqlite"),
    Whiteboard("sqlite", offers_deflate=True),
    YWebsocket(),
    Hocuspocus(),
    Tldraw(),
    Pycrdt(),
)
PEERS: Final = {peer.name: peer for peer in ALL}


def available(names: Sequence[str]) -> dict[str, Peer | Unavailable]:
    """Each peer of these names, ready to be served, or why it cannot be."""
    found: dict[str, Peer | Unavailable] = {}
    for name in names:
        peer = PEERS[name]
        try:
            peer.prepare()
            found[name] = peer
        except Unavailable as reason:
            found[name] = reason
    return found
