"""Answers to the ops of a batch, told in the order in which the ops came.

A client that leaves op ids to the server knows its ops by that order only, so an answer waits for those before it.
"""

from collections.abc import Iterable, Sequence

import msgspec

from whiteboard.core.outcomes import Rejected
from whiteboard.protocol.codec import encode, encode_reject
from whiteboard.rooms.inbox import Answer, Item, Sender, Submission


class Answering:
    """Tells the answers of one batch at a time."""

    def __init__(self) -> None:
        self._batch: Sequence[Item] = ()
        self._told = 0
        # items of the batch whose answers were sent

    def begin(self, batch: Sequence[Item]) -> None:
        """A batch is at work."""
        self._batch, self._told = batch, 0

    def end(self) -> None:
        """It has its answers, or never gets them. Until the next one comes it would keep what people sent."""
        self._batch = ()

    def tell(self) -> None:
        """Give each session as one frame those answers that nothing before them holds up."""
        by_sender: dict[Sender, list[Answer]] = {}
        told = self._told
        for item in self._batch[told:] if told else self._batch:
            if item.answer is None:
                break
            told += 1
            known = by_sender.get(item.sender)
            if known is None:
                by_sender[item.sender] = [item.answer]
            else:
                known.append(item.answer)
        self._told = told
        for sender, answers in by_sender.items():
            sender.reply(encode(answers if len(answers) > 1 else answers[0]))

    def refuse(self, submissions: Iterable[Submission], refusal: Rejected) -> None:
        """Answer them all with `refusal`, and tell."""
        for one in submissions:
            one.answer = refusal_of(one, refusal)
        self.tell()


def open_among(batch: Iterable[Item]) -> list[Submission]:
    """Ops of a batch that have no answer yet."""
    return [one for one in batch if one.answer is None and isinstance(one, Submission)]


def refusal_of(item: Item, refusal: Rejected) -> msgspec.Raw:
    """A reject of the op."""
    op_id, element = None, None
    if isinstance(item, Submission):
        op_id, element = item.request.op_id, item.request.op.element
    return msgspec.Raw(encode_reject(str(op_id) if op_id else None, element, refusal))
