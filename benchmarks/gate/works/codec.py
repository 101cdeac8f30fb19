"""What a client sent is read; what everybody is sent of it, and its ack, are written."""

from collections.abc import Callable

from benchmarks.gate import drawings
from benchmarks.gate.works import Steady
from whiteboard.protocol import codec, messages
from whiteboard.protocol.validation import read_message, split_frame


def _prepare(ops: int) -> Callable[[], int]:
    texts = drawings.drawing(b"ada", ops // 3)
    asked = drawings.requests(texts)
    decided = drawings.accepted(asked)

    def turn() -> int:
        sent = 0
        for text, request, one in zip(texts, asked, decided, strict=True):
            split_frame(text)
            read_message(text)
            sent += len(codec.number_body(1234, codec.encode_body(one, drawings.AT_MS, request.content)))
            ack = messages.Ack(
                opId=str(request.op_id),
                id=one.op.element,
                seq=1234,
                at=drawings.AT_MS,
                durable="memory",
                ts=request.ts,
            )
            sent += len(codec.encode(ack))
        return sent

    return turn


WORK = Steady(90, 30, _prepare)
