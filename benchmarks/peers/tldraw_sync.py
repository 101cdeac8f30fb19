"""What a tldraw client says: draw shapes, first put and then patched, as while somebody draws."""

import json
import subprocess
from typing import Final

from benchmarks.generator.marks import OPS_PER_STROKE, marked_points
from benchmarks.generator.wire import TEXT, Frame, client_frame
from benchmarks.peers.node import NodePeer, node_program
from benchmarks.peers.peer import Unavailable, Voice

_PROTOCOL: Final = 8
_SHAPE: Final = (
    b'{"id":"%s","typeName":"shape","type":"draw","x":1,"y":2,"rotation":0,"index":"a1","parentId":"page:page",'
    b'"isLocked":false,"opacity":1,"meta":{"points":"%s"},"props":{"segments":[],"color":"black","fill":"none",'
    b'"dash":"draw","size":"m","isComplete":false,"isClosed":false,"isPen":false,"scale":1,"scaleX":1,"scaleY":1}}'
)


class TldrawVoice(Voice):
    """Its points go into the shape's `meta`: tldraw packs those in `props` into base64, where no mark survives."""

    def __init__(self, room: str, client: int, schema: object) -> None:
        super().__init__(room, client)
        self._schema = schema

    def greeting(self) -> bytes:
        hello = {
            "type": "connect",
            "connectRequestId": f"c{self.client}",
            "lastServerClock": -1,
            "protocolVersion": _PROTOCOL,
            "schema": self._schema,
        }
        return client_frame(json.dumps(hello).encode())

    def hear(self, frame: Frame) -> bytes:
        if frame.opcode == TEXT and not self.is_seated:
            self.is_seated = json.loads(frame.payload)["type"] == "connect"
        return b""

    def op(self, number: int, seen: int) -> bytes:  # noqa: ARG002  tldraw goes by the server's order
        stroke, place = divmod(self.counter, OPS_PER_STROKE)
        shape, points = b"shape:d%d-%d" % (self.client, stroke), marked_points(number)
        change = (
            b'["patch",{"meta":["patch",{"points":["put","%s"]}]}]' % points
            if place
            else b'["put",%s]' % (_SHAPE % (shape, points))
        )
        self.counter += 1
        return client_frame(
            b'{"type":"push","clientClock":%d,"diff":{"%s":%s}}' % (self.counter, shape, change)
        )

    def beat(self) -> bytes:
        return client_frame(b'{"type":"ping"}')


class Tldraw(NodePeer):
    """`TLSocketRoom` of `@tldraw/sync-core`."""

    name = "tldraw"
    folder = "tldraw"
    durability = "memory"
    package = "@tldraw/sync-core"
    _schema: object = None

    def prepare(self) -> None:
        super().prepare()
        try:
            told = subprocess.run(
                [node_program(), str(self.place / "server.mjs"), "--schema"], capture_output=True, check=True
            )
        except (OSError, subprocess.CalledProcessError) as error:
            raise Unavailable(f"does not tell its schema: {error}") from error
        self._schema = json.loads(told.stdout)

    def voice(self, room: str, client: int) -> TldrawVoice:
        return TldrawVoice(room, client, self._schema)
