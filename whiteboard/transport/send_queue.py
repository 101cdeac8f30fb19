"""What a socket has not taken yet. Pure."""

from collections import deque

from whiteboard import limits

Piece = bytes | bytearray | memoryview


class SendQueue:
    """Frames in the order in which they leave; the first one may be on its way already."""

    __slots__ = ("_pieces", "size")

    def __init__(self) -> None:
        self._pieces: deque[Piece] = deque()
        self.size = 0
        """Bytes in it."""

    def add(self, piece: Piece) -> None:
        """Put whole frames at the end; as a memoryview the rest of some that have begun to leave."""
        self._pieces.append(piece)
        self.size += len(piece)

    def next_chunk(self) -> Piece:
        """The start of the queue: one large piece as it is, or small ones joined up to SEND_BYTES. It is not empty."""
        if len(self._pieces) == 1 or len(self._pieces[0]) >= limits.SEND_BYTES:
            return self._pieces[0]
        pieces: list[Piece] = []
        size = 0
        for piece in self._pieces:
            size += len(piece)
            if pieces and size > limits.SEND_BYTES:
                break
            pieces.append(piece)
        return b"".join(pieces)

    def drop_unbegun(self) -> None:
        """Keep the rest of what has begun to leave, and nothing behind it."""
        begun = [piece for piece in self._pieces if isinstance(piece, memoryview)]
        self._pieces = deque(begun)
        self.size = sum(map(len, begun))

    def took(self, sent: int) -> None:
        """Drop the first `sent` bytes."""
        self.size -= sent
        while sent:
            piece = self._pieces.popleft()
            if sent < len(piece):
                self._pieces.appendleft(memoryview(piece)[sent:])
                return
            sent -= len(piece)
