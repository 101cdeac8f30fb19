"""`/debug/sampling`: what the server samples of itself, and asking it to sample more for a while (R50)."""

from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from whiteboard import limits, timeouts
from whiteboard.config import BadSampling, Rates, rates_with, read_sampling_asked
from whiteboard.config.sampling import MemoryRate
from whiteboard.web.access import require_operator, require_own_page
from whiteboard.web.answers import Refused, json_answer
from whiteboard.web.bodies import read_body
from whiteboard.web.services import WebServices

_EVERY_ALLOCATION: Final = MemoryRate(1)


class SamplingApi:
    """What is sampled, for the operator."""

    def __init__(self, services: WebServices) -> None:
        self._services = services

    async def show(self, request: Request) -> Response:
        """GET: `{"env","configured":{…},"in_force":{…},"until"}`, as `Sampling.report`."""
        self._require_operator(request)
        return json_answer(self._services.sampling.report())

    async def ask(self, request: Request) -> Response:
        """POST `{"seconds",rate…}`: sample by these rates for so long, 0 to end at once; answers as GET.

        Of several workers all do; `away` are those that do not answer.
        """
        self._require_operator(request)
        require_own_page(request, self._services.trust)
        body = await read_body(request, limits.MAX_REQUEST_BYTES, timeouts.REQUEST_BODY)
        sampling, elsewhere = self._services.sampling, self._services.sample_elsewhere
        rates, seconds = _asked(body, sampling.configured)
        sampling.ask(rates, seconds)
        away = [] if elsewhere is None else list(await elsewhere(rates, seconds))
        return json_answer({**sampling.report(), **({"away": away} if away else {})})

    def _require_operator(self, request: Request) -> None:
        require_operator(request, self._services.settings.debug.token, self._services.trust)


def _asked(body: bytes, configured: Rates) -> tuple[Rates, float]:
    """What a POST asks for: rates, and seconds. Raises Refused."""
    try:
        fields = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refused(400, "bad_json", "The body is no JSON object.") from None
    seconds = _seconds(fields.pop("seconds", None))
    if "stall_ms" in fields:
        raise Refused(400, "bad_field", "Set at the start only, by a setting.", path="$.stall_ms")
    if "memory_frames" in fields and not configured.memory_rate:
        fields.setdefault("memory_rate", _EVERY_ALLOCATION)
    try:
        return rates_with(configured, read_sampling_asked(fields)), seconds
    except BadSampling as error:
        text = str(error)
        raise Refused(400, "bad_field", f"{text[0].upper()}{text[1:]}", path=f"$.{error.name}") from None


def _seconds(value: object) -> float:
    most = timeouts.SAMPLING_MOST.seconds
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        reason = f"For how many seconds: 0 to {most:g}, 0 to end what was asked for."
        raise Refused(400, "bad_field", reason, path="$.seconds")
    return float(value)
