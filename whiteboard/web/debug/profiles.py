"""`/debug/pprof/`: profiles for `go tool pprof`, answered as Go's net/http/pprof does.

What is refused is told in the way that the tool shows to its user: plain text with `X-Go-Pprof`. Who accepts JSON gets the
shape of all errors, with the same code. Links are relative, so that they hold below any base path and behind any proxy.
"""

import html
import re
import sys
from collections.abc import Awaitable, Callable, Mapping
from functools import partial, wraps
from typing import Any, Final

import attrs
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from whiteboard import limits
from whiteboard.diagnostics.profiles.sources import NoSuchProfile, ProfileRefused, Profiles
from whiteboard.web.access import require_operator, require_own_request
from whiteboard.web.answers import Refused, error_answer, json_answer
from whiteboard.web.attended import while_there
from whiteboard.web.services import WebServices

_STATUSES: Final[Mapping[str, int]] = {
    "bad_seconds": 400,
    "profile_busy": 429,
    "no_process": 503,
    "worker_away": 503,
    "profile_late": 503,
    "profile_lost": 503,
}
"""Of refusals by their codes; 409 for the others: something has to be switched on or to end first."""
_TEXT: Final = "text/plain; charset=utf-8"
_PASSWORD: Final = re.compile(r"(://[^:/@\s]*:)[^\s]*@")
_IN_FULL: Final = 2
"""Of `?debug=`."""
Endpoint = Callable[["ProfilesApi", Request], Awaitable[Response]]


@attrs.frozen
class _Wanted:
    """What is asked for."""

    name: str
    seconds: float | None
    debug: int

    @property
    def file_name(self) -> str:
        """As Go's, for who saves it."""
        return self.name if self.seconds is None or self.name == "profile" else f"{self.name}-delta"


def _answered_to_the_tool(endpoint: Endpoint) -> Endpoint:
    """The endpoint for the operator, its refusals told as above."""

    @wraps(endpoint)
    async def answer(api: "ProfilesApi", request: Request) -> Response:
        try:
            api.require_operator(request)
            return await endpoint(api, request)
        except Refused as refused:
            return _refusal(request, refused)
        except NoSuchProfile as error:
            return _refusal(request, Refused(404, "not_found", str(error)))
        except ProfileRefused as refused:
            wait = refused.retry_seconds
            headers = {} if wait is None else {"retry-after": str(max(1, round(wait)))}
            status = _STATUSES.get(refused.code, 409)
            return _refusal(request, Refused(status, refused.code, str(refused), headers=headers))

    return answer


class ProfilesApi:
    """Index, profiles, and what else the tool asks for."""

    def __init__(self, services: WebServices) -> None:
        self._services = services

    def require_operator(self, request: Request) -> None:
        """Raises Refused."""
        require_operator(request, self._services.settings.debug.token, self._services.trust)

    def _profiles(self, request: Request) -> Profiles:
        """Of the process that the address names, this one where it names none. Raises Refused."""
        number = request.path_params.get("number")
        services = self._services
        if number is not None and number >= services.settings.workers:
            raise Refused(404, "not_found", f"There are {services.settings.workers} workers, from 0.")
        if number is None or services.profiles_of is None:
            return services.profiles
        return services.profiles_of(number)

    @_answered_to_the_tool
    async def index(self, request: Request) -> Response:
        """What there is: a page, or `{"busy","about","profiles":[…]}` for who accepts JSON."""
        if not request.url.path.endswith("/"):
            return RedirectResponse("pprof/", 308)
        described = await self._profiles(request).described()
        if _accepts_json(request):
            return json_answer(described)
        return Response(_page(described), media_type="text/html")

    @_answered_to_the_tool
    async def take(self, request: Request) -> Response:
        """One profile: gzipped protocol buffers, or text with `?debug=1` and `?debug=2`.

        To take one switches on what samples, and keeps others waiting, so another site's page may not ask for it.
        """
        require_own_request(request, self._services.trust)
        wanted, profiles = _wanted(request), self._profiles(request)
        headers = (
            {} if wanted.debug else {"content-disposition": f'attachment; filename="{wanted.file_name}"'}
        )
        media_type = _TEXT if wanted.debug else "application/octet-stream"
        if request.method == "HEAD":
            await _require_there(profiles, wanted.name)
            answer = Response(None, 200, headers, media_type)
            del answer.headers["content-length"]  # only who takes it knows how long it is
            return answer
        take: Callable[[], Awaitable[str | bytes]] = partial(
            profiles.take_encoded, wanted.name, wanted.seconds
        )
        if wanted.debug:
            in_full = wanted.debug >= _IN_FULL
            take = partial(profiles.as_text, wanted.name, wanted.seconds, in_full=in_full)
        return Response(await while_there(request, take), 200, headers, media_type)

    @_answered_to_the_tool
    async def cmdline(self, _: Request) -> Response:
        """What the process was started with, with NUL in between; passwords in addresses are masked."""
        return Response("\0".join(map(_without_password, sys.orig_argv)), media_type=_TEXT)

    @_answered_to_the_tool
    async def symbol(self, _: Request) -> Response:
        """That nothing is left to look up: profiles have names for all places."""
        return Response("num_symbols: 0\n", media_type=_TEXT)


async def _require_there(profiles: Profiles, name: str) -> None:
    """Raises NoSuchProfile, and ProfileRefused when the process does not answer."""
    if name not in {source["name"] for source in (await profiles.described())["profiles"]}:
        raise NoSuchProfile(f"no profile {name!r}")


def _without_password(argument: str) -> str:
    """An argument as it may be shown: `scheme://user:********@…`. Other secrets are given in files."""
    return _PASSWORD.sub(r"\1********@", argument)


def _wanted(request: Request) -> _Wanted:
    seconds, debug = request.query_params.get("seconds"), request.query_params.get("debug", "0")
    if debug not in {"0", "1", "2"}:
        raise Refused(400, "bad_request", f"debug is {debug[:40]!r}: 0, 1 or 2", path="?debug")
    return _Wanted(request.path_params["name"], None if seconds is None else _seconds(seconds), int(debug))


def _seconds(given: str) -> float | None:
    """Raises Refused; 0 is as none, as for Go."""
    try:
        seconds = float(given)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= limits.MAX_PROFILE_SECONDS:
        reason = f"seconds is {given[:40]!r}: a number up to {limits.MAX_PROFILE_SECONDS}"
        raise Refused(400, "bad_seconds", reason, path="?seconds")
    return seconds or None


# --- how it is told ---------------------------------------------------------------------------
def _accepts_json(request: Request) -> bool:
    return "application/json" in request.headers.get("accept", "")


def _refusal(request: Request, refused: Refused) -> Response:
    headers = dict(refused.headers or {})
    if _accepts_json(request):
        return error_answer(refused.status_code, refused.code, refused.detail, refused.path, headers)
    text = f"{refused.detail} ({refused.code})\n"
    return Response(text, refused.status_code, {**headers, "x-go-pprof": "1"}, _TEXT)


def _page(described: Mapping[str, Any]) -> str:
    about = "".join(f"<li>{html.escape(comment)}" for comment in described["about"])
    busy = f"<p>{html.escape(described['busy'])} is being taken." if described["busy"] else ""
    rows = "".join(_row(source) for source in described["profiles"])
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>/debug/pprof/</title>
<h1>/debug/pprof/</h1>
<p>Profiles for <code>go tool pprof</code>, one at a time. Add <code>?seconds=N</code> for what happens in N seconds, up to
{limits.MAX_PROFILE_SECONDS}, and <code>?debug=1</code> for text.
{busy}<table>
<thead><tr><th>Count<th>Profile<th>As text<th>Sampled<th>What it is
<tbody>{rows}
</table>
<p><a href="goroutine?debug=2">every task in full</a>
<h2>This process</h2>
<ul>{about}</ul>
</html>
"""


def _row(source: Mapping[str, Any]) -> str:
    name, off = html.escape(source["name"]), source["off"]
    count = "" if source["count"] is None else source["count"]
    setting = html.escape(source["setting"] if off is None else f"off. {off['reason']}")
    links = (
        f'<a href="{name}">{name}</a><td><a href="{name}?debug=1">text</a>' if off is None else f"{name}<td>"
    )
    return f"\n<tr><td>{count}<td>{links}<td>{setting}<td>{html.escape(source['meaning'])}"
