"""Profiles of each worker, asked from any of them."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from whiteboard.diagnostics.profiles.sources import NoSuchProfile, ProfileRefused, Profiles, Sources
from whiteboard.errors import RoomClosed
from whiteboard.workers.asking import Question, Reply, ask
from whiteboard.workers.inlet import Inlet
from whiteboard.workers.share import Share

WHAT: Final = "profile"
_TAKEN: Final = b"="
_REFUSED: Final = b"!"
_RETRY_SECONDS: Final = 1


class _Wanted(msgspec.Struct):
    """What one worker wants of another: a profile, its text, or with no name what there is."""

    name: str = ""
    seconds: float | None = None
    as_text: bool = False
    in_full: bool = False


class _Refusal(msgspec.Struct):
    reason: str
    code: str = ""
    """Of a ProfileRefused; empty for a name that is not known."""
    retry_seconds: float | None = None


class OtherProfiles:
    """Those of another worker."""

    def __init__(self, number: int, inlet: Inlet) -> None:
        self._number = number
        self._inlet = inlet

    async def described(self) -> dict[str, Any]:
        """See `Profiles`."""
        described: dict[str, Any] = msgspec.json.decode(await self._ask(_Wanted()))
        return described

    async def take_encoded(self, name: str, seconds: float | None = None) -> bytes:
        """See `Profiles`. When it is cancelled the other worker ends it too."""
        return await self._ask(_Wanted(name, seconds))

    async def as_text(self, name: str, seconds: float | None = None, *, in_full: bool = False) -> str:
        """As above."""
        return (await self._ask(_Wanted(name, seconds, as_text=True, in_full=in_full))).decode()

    async def _ask(self, wanted: _Wanted) -> bytes:
        told = msgspec.json.encode(wanted).decode()
        question = Question(WHAT, told=told, seconds=wanted.seconds or 0.0, lapses=True)
        try:
            answer = await ask(self._inlet, self._number, question)
        except RoomClosed as error:
            reason = f"Worker {self._number} does not answer."
            raise ProfileRefused("worker_away", reason, retry_seconds=_RETRY_SECONDS) from error
        if answer[:1] == _TAKEN:
            return answer[1:]
        refusal = msgspec.json.decode(answer[1:], type=_Refusal)
        if not refusal.code:
            raise NoSuchProfile(refusal.reason)
        raise ProfileRefused(refusal.code, refusal.reason, retry_seconds=refusal.retry_seconds)


def profiles_by_number(own: Sources, share: Share, inlet: Inlet) -> Callable[[int], Profiles]:
    """The profiles of every worker, this one's its own."""

    def of(number: int) -> Profiles:
        return own if number == share.number else OtherProfiles(number, inlet)

    return of


def with_profiles(own: Sources, reply: Reply) -> Reply:
    """What a worker answers to others, who may also want one of its `own` profiles."""

    async def answer(question: Question) -> bytes:
        if question.what != WHAT:
            return await reply(question)
        try:
            return _TAKEN + await _taken(own, msgspec.json.decode(question.told, type=_Wanted))
        except ProfileRefused as refused:
            return _REFUSED + msgspec.json.encode(_Refusal(str(refused), refused.code, refused.retry_seconds))
        except NoSuchProfile as error:
            return _REFUSED + msgspec.json.encode(_Refusal(str(error)))

    return answer


async def _taken(own: Sources, wanted: _Wanted) -> bytes:
    if not wanted.name:
        return msgspec.json.encode(await own.described())
    if wanted.as_text:
        return (await own.as_text(wanted.name, wanted.seconds, in_full=wanted.in_full)).encode()
    return await own.take_encoded(wanted.name, wanted.seconds)
