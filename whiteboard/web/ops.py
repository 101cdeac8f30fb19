"""One answer of `/api/boards/{id}/ops`: stored ops as they are, streamed slice by slice.

Never holds more than a slice of OPS_PER_SLICE ops, and decodes none of them.
"""

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from whiteboard import limits
from whiteboard.diagnostics import logs
from whiteboard.errors import StorageError
from whiteboard.ids import BoardId
from whiteboard.protocol.codec import number_body
from whiteboard.storage.ports import OpLog, StoredOp

log = logs.get_logger()


class OpsPage(Response):
    """`{"ops":[…],"next":seq|null}` with the ops of `first` to `last`, at most MAX_OPS_PER_PAGE."""

    def __init__(self, op_log: OpLog, board: BoardId, first: int, last: int) -> None:
        # Not Response.__init__: that renders a body and its length.
        self.status_code = 200
        self.background = None
        self.init_headers({"content-type": "application/json"})
        self._op_log = op_log
        self._board = board
        self._last = last
        self._stop = min(last, first + limits.MAX_OPS_PER_PAGE - 1)
        self._given = first - 1
        self._slice: list[StoredOp] = []

    async def read_ahead(self) -> None:
        """Read the first slice, while a failure can still be told as an error. Raises StorageError."""
        await self._read()

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        body, separator = b'{"ops":[', b""
        while self._slice and scope["method"] != "HEAD":
            body += separator + b",".join(number_body(op.seq, op.body) for op in self._slice)
            await send({"type": "http.response.body", "body": body, "more_body": True})
            body, separator = b"", b","
            try:
                await self._read()
            except StorageError as error:
                # Without an end, the server drops the connection, and nobody takes half for all.
                log.warning("answer_cut", board=self._board, reason=str(error))
                return
        following = str(self._given + 1) if self._given < self._last else "null"
        await send({"type": "http.response.body", "body": body + f'],"next":{following}}}'.encode()})

    async def _read(self) -> None:
        """The next slice, empty at the end of the page or of the log."""
        self._slice = []
        wanted = min(limits.OPS_PER_SLICE, self._stop - self._given)
        if wanted > 0:
            self._slice = await self._op_log.read(self._board, self._given, wanted)
        if self._slice:
            self._given = self._slice[-1].seq
        elif wanted > 0:
            self._last = self._given  # the board was deleted meanwhile: there is nothing to go on to
