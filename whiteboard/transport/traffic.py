"""How many bytes have come and gone over all sockets of the process."""

from typing import Final


class Traffic:
    """Two sums."""

    __slots__ = ("received", "sent")

    def __init__(self) -> None:
        self.received = 0
        self.sent = 0


TRAFFIC: Final = Traffic()
"""Of this process. An addition for each system call."""
