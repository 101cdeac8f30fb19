"""The page as people get it: at its own path, with its files, kept by browsers."""

import html
import re
from dataclasses import replace
from typing import Final

from whiteboard.doctor import troubles
from whiteboard.doctor.exchange import Answer, ask
from whiteboard.doctor.findings import Finding, good, shown
from whiteboard.doctor.line import Way
from whiteboard.doctor.reach import HEALTH
from whiteboard.errors import ConnectionLost

_BASE: Final = re.compile(rb'<base href="([^"]{0,500})/">')
_ASSET: Final = re.compile(rb'src="([^"]{0,500}/static/[^"]{1,500})"')
_BROWSER: Final = ("Accept", "text/html")


async def look_at_page(way: Way) -> list[Finding]:
    """The page, and one of its files. Raises ConnectionLost."""
    answer = await ask(way, "/", headers=[_BROWSER])
    base = base_of(answer)
    if base is None:
        return [
            troubles.NO_PAGE.found(f"{way.target.url} was answered with {answer.told}", base=way.target.base)
        ]
    if base != way.target.base:
        return [judge_base(way, base, shows_it=await _is_there(way, base))]
    return [*judge_forwarding(way, answer), *await _look_at_asset(way, answer)]


def base_of(answer: Answer) -> str | None:
    """The path where the page takes itself to be; None when it is no page of whiteboard's."""
    match = _BASE.search(answer.body)
    if answer.status != 200 or match is None:
        return None
    return html.unescape(match[1].decode("utf-8", "replace"))


def judge_base(way: Way, said: str, *, shows_it: bool) -> Finding:
    """A page that takes itself to be elsewhere; `shows_it` when that place is published as well."""
    target, said = way.target, shown(said)
    seen = f"the page at {target.base}/ takes itself to be at {said}/"
    if target.base and not said:
        return troubles.BASE_PATH.found(seen, base=target.base)
    if shows_it:
        return troubles.PAGE_ELSEWHERE.found(seen, url=f"{target.origin}{said}/")
    if target.base:
        return troubles.BASE_PATH.found(seen, base=target.base)
    return troubles.BASE_PATH_HIDDEN.found(seen, said=said)


def judge_forwarding(way: Way, answer: Answer) -> list[Finding]:
    """Whether the server knows that its visitors have TLS: it shows in a header that only they get."""
    target = way.target
    if not target.is_tls or target.is_loopback or answer.header("cross-origin-opener-policy"):
        return []
    return [troubles.FORWARDED_PROTO.found("the server takes this visit with TLS for one without")]


def judge_asset(way: Way, path: str, answer: Answer) -> Finding:
    """A file of the page, asked for with gzip allowed."""
    if answer.status != 200 or "javascript" not in answer.header("content-type"):
        return troubles.NO_ASSETS.found(
            f"{shown(path)} was answered with {answer.told}", base=way.target.base
        )
    if "immutable" not in answer.header("cache-control"):
        told = answer.header("cache-control") or "nothing"
        return troubles.CACHE_LOST.found(f"Cache-Control of the page's files says {shown(told)}")
    packed = answer.header("content-encoding")
    return good(
        "page",
        f"its files are there, kept by browsers, {f'packed ({shown(packed, 20)})' if packed else 'not packed'}",
    )


async def _look_at_asset(way: Way, page: Answer) -> list[Finding]:
    match = _ASSET.search(page.body)
    path = "" if match is None else html.unescape(match[1].decode("utf-8", "replace"))
    if not path.startswith(f"{way.target.base}/static/"):
        return [troubles.NO_PAGE.found("the page names no script of its own", base=way.target.base)]
    below = path.removeprefix(way.target.base)
    return [judge_asset(way, path, await ask(way, below, headers=[("Accept-Encoding", "gzip")]))]


async def _is_there(way: Way, base: str) -> bool:
    """Whether the server is published below that path, too."""
    other = replace(way, target=way.target.with_base(base))
    try:
        return (await ask(other, HEALTH)).json.get("alive") is True
    except ConnectionLost:
        return False
