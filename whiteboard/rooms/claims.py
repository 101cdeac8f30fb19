"""Who may write as which client: client ids, their secret keys, and their last numbers.

A client id is free on a board until its first op is stored; from then on its record carries the
digest of a key. While a session holds an id, used or not, nobody without the key gets it.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from whiteboard.core.acceptance import Author
from whiteboard.errors import StorageError
from whiteboard.ids import BoardId, ClientId
from whiteboard.storage.ports import ClientRecord, ImmediateOpLog, OpLog


@dataclass(slots=True)
class Claim:
    """A client id in use on this board, by one or more sessions that know its key."""

    author: Author
    key_hash: bytes
    holders: int = 0
    """Sessions, and sessions with ops on their way to the log: the numbers in `author` hold while there is one."""
    handed_in: int = 0
    """Highest counter among the ops that were ever on their way, stored or not."""

    @property
    def client(self) -> ClientId:
        """The claimed id."""
        return self.author.client

    @property
    def counter(self) -> int:
        """The highest counter that was used, be it by an op that still waits."""
        return max(self.author.counter, self.handed_in)


class Claims:
    """The claims of one room; bounded by its sessions and its inbox."""

    def __init__(self, board: BoardId, op_log: OpLog) -> None:
        self._board = board
        self._op_log = op_log
        self._immediate_log = op_log if isinstance(op_log, ImmediateOpLog) else None
        self._held: dict[ClientId, Claim] = {}
        self._times_dropped = 0

    async def enter(self, wanted: ClientId | None, key: str | None) -> tuple[Claim, str]:
        """A claim for a session, held once, and its key.

        A wanted id is granted when its key is right or when it is free; else, and when none is
        wanted, a fresh id is handed out (a wrong key is no error).
        """
        granted = None if wanted is None else await self._enter_wanted(wanted, key)
        return granted or self._hold_fresh()

    def enter_now(self, wanted: ClientId | None, key: str | None) -> tuple[Claim, str] | None:
        """As `enter`, where that has to wait for nobody; None where the log has to be asked."""
        if wanted is None:
            return self._hold_fresh()
        record = None
        if wanted not in self._held:
            if self._immediate_log is None:
                return None
            try:
                record = self._immediate_log.client_now(self._board, wanted)
            except StorageError:
                return None  # who waits for the log meets it again
        return self._grant(wanted, key, record) or self._hold_fresh()

    def release(self, claim: Claim) -> None:
        """Give back one hold."""
        claim.holders -= 1
        if claim.holders == 0 and self._held.get(claim.client) is claim:
            del self._held[claim.client]
            self._times_dropped += 1

    async def _enter_wanted(self, wanted: ClientId, key: str | None) -> tuple[Claim, str] | None:
        record = None
        while wanted not in self._held:
            times_dropped = self._times_dropped
            record = await self._op_log.client(self._board, wanted)
            if times_dropped == self._times_dropped:
                break  # else a session may have come, written under this id and gone meanwhile
        return self._grant(wanted, key, record)

    def _grant(
        self, wanted: ClientId, key: str | None, record: ClientRecord | None
    ) -> tuple[Claim, str] | None:
        held = self._held.get(wanted)  # asked now: another session may have come in while the log was
        known_hash = held.key_hash if held else record.key_hash if record else None
        if known_hash is None:
            return self._hold(wanted, key or secrets.token_urlsafe(16))
        if key is None or not hmac.compare_digest(known_hash, self._digest(wanted, key)):
            return None
        numbers = (record.counter, record.lamport) if record else (0, 0)
        return self._hold(wanted, key, *numbers)

    def _hold_fresh(self) -> tuple[Claim, str]:
        return self._hold(ClientId(f"c-{secrets.token_urlsafe(9)}"), secrets.token_urlsafe(16))

    def _hold(self, client: ClientId, key: str, counter: int = 0, lamport: int = 0) -> tuple[Claim, str]:
        claim = self._held.get(client)
        if claim is None:
            claim = Claim(Author(client, counter, lamport), self._digest(client, key))
            self._held[client] = claim
        claim.holders += 1
        return claim, key

    def _digest(self, client: ClientId, key: str) -> bytes:
        return hashlib.sha256(f"{self._board}\0{client}\0{key}".encode()).digest()
