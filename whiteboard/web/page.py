"""The page's files, as they are served: read once at start, kept in memory, compressed once.

Files live under `/static/<digest>/`, where the digest is over all of them: one address always means
the same bytes, so browsers keep them for ever, and a module never meets another version's module.
`index.html` is served at `/` and `/b/{board}` and names the digest. Must not know what the page does.
"""

import gzip
import hashlib
import html
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

import attrs
from starlette.requests import Request
from starlette.responses import Response

from whiteboard.config import BasePath
from whiteboard.errors import StartupError
from whiteboard.ids import parse_board_id
from whiteboard.web.answers import Refused
from whiteboard.web.conditions import has_it
from whiteboard.web.edge import PAGE_POLICY
from whiteboard.web.lost import NO_BOARD, NO_PAGE, lost_page

LANGUAGES: Final = ("en", "zh")
"""What the page can be shown in; the first is for everybody else."""

MEDIA_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}
"""Our own table: `mimetypes` reads the system's, and a module with a wrong type does not run."""
_PACKED: Final = frozenset({".png", ".woff2"})
"""Compressed already."""
FOR_EVER: Final = "public, max-age=31536000, immutable"
ASK_AGAIN: Final = "no-cache"

_INDEX: Final = "index.html"
_DEBUG: Final = "debug.html"
_FOR_PROGRAMS: Final = ("/api/", "/ws/", "/static/")
"""Below these nobody browses."""


@attrs.frozen
class PageFile:
    """One file, ready to be sent."""

    body: bytes
    packed: bytes | None
    """gzip, where it is smaller."""
    media_type: str
    etag: str
    """Weak (RFC 9110 section 8.8.3), because it stands for both encodings."""


@attrs.frozen
class Page:
    """All files and the filled-in index. Its methods are routes."""

    digest: str
    statics: Mapping[str, PageFile]
    """By path below the page's folder, with `/`."""
    index: Mapping[str, PageFile]
    """By language."""
    operator: Mapping[str, PageFile]
    """The page at `/debug/`, by language."""
    no_board: Mapping[str, PageFile]
    """By language."""
    no_page: Mapping[str, PageFile]
    """By language."""

    async def show(self, request: Request) -> Response:
        """`/` and `/b/{board}`: the page itself, or a page that says that this is no board's name."""
        board = request.path_params.get("board")
        if board is not None and parse_board_id(board) is None:
            return _answer(request, self.no_board[_language(request)], ASK_AGAIN, 404)
        return _answer(request, self.index[_language(request)], ASK_AGAIN)

    async def debug(self, request: Request) -> Response:
        """`/debug/`: the page for the operator. Anybody may have it: it knows nothing, and asks with the token for what it shows."""
        return _answer(request, self.operator[_language(request)], ASK_AGAIN)

    def lost(self, request: Request) -> Response | None:
        """The page for a person at an address where there is nothing; None for a program."""
        path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
        if path.startswith(_FOR_PROGRAMS) or not _takes_html(request.headers.get("accept", "")):
            return None
        texts = self.no_board if path.startswith("/b/") else self.no_page
        return _answer(request, texts[_language(request)], ASK_AGAIN, 404)

    async def static(self, request: Request) -> Response:
        """`/static/{digest}/{path}`; files of another version are not here."""
        file = self.statics.get(request.path_params["path"])
        if file is None or request.path_params["digest"] != self.digest:
            raise Refused(404, "not_found", "There is no such file in this version of the page.")
        return _answer(request, file, FOR_EVER)


def load_page(base_path: BasePath, root: Traversable | None = None) -> Page:
    """Read the page's files; from the installed package unless `root` names another folder.

    Raises StartupError when there is no `index.html` or `debug.html`: then the package is not whole.
    """
    root = files("whiteboard").joinpath("page") if root is None else root
    found = dict(sorted(_walk(root, "")))
    if not {_INDEX, _DEBUG} <= found.keys():
        raise StartupError("cannot find the page's files in the package; install whiteboard again")
    digest = hashlib.sha256()
    for path, body in found.items():
        digest.update(f"{path}\0{len(body)}\0".encode() + body)
    name = digest.hexdigest()[:16]
    values = {"base": base_path, "assets": f"{base_path}/static/{name}"}
    return Page(
        digest=name,
        statics={path: _file(path, body) for path, body in found.items()},
        index={lang: _file(_INDEX, _fill(found[_INDEX], values, lang)) for lang in LANGUAGES},
        operator={lang: _file(_DEBUG, _fill(found[_DEBUG], values, lang)) for lang in LANGUAGES},
        no_board={lang: _file("404.html", lost_page(NO_BOARD[lang], lang, **values)) for lang in LANGUAGES},
        no_page={lang: _file("404.html", lost_page(NO_PAGE[lang], lang, **values)) for lang in LANGUAGES},
    )


def choose_language(asked: str | None, accepted: str) -> str:
    """The language to show.

    Args:
        asked: `?lang=` of the address; wins when we have it.
        accepted: Accept-Language (RFC 9110 section 12.5.4); `zh-TW` and `zh-Hans` count as `zh`.
    """
    if asked in LANGUAGES:
        return asked
    best, best_weight = LANGUAGES[0], 0.0
    for entry in accepted.split(","):
        tag, _, parameter = entry.partition(";")
        language = tag.strip().lower().partition("-")[0]
        weight = _weight(parameter)
        if language in LANGUAGES and weight > best_weight:
            best, best_weight = language, weight
    return best


def _weight(parameter: str) -> float:
    """The q of `;q=0.8`; 1 without one, 0 for what cannot be read."""
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    try:
        return float(value) if name.strip().lower() == "q" else 0.0
    except ValueError:
        return 0.0


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.name.startswith((".", "_")):
            continue
        if entry.is_dir():
            yield from _walk(entry, f"{prefix}{entry.name}/")
        elif _suffix(entry.name) in MEDIA_TYPES:
            yield prefix + entry.name, entry.read_bytes()


def _suffix(name: str) -> str:
    return "." + name.rpartition(".")[2]


def _file(path: str, body: bytes) -> PageFile:
    packed = None if _suffix(path) in _PACKED else gzip.compress(body, mtime=0)
    return PageFile(
        body=body,
        packed=packed if packed is not None and len(packed) < len(body) else None,
        media_type=MEDIA_TYPES[_suffix(path)],
        etag=f'W/"{hashlib.sha256(body).hexdigest()[:16]}"',
    )


def _fill(template: bytes, values: Mapping[str, str], language: str) -> bytes:
    filled = template.decode("utf-8")
    for name, value in {**values, "lang": language}.items():
        filled = filled.replace("{{" + name + "}}", html.escape(value))
    return filled.encode("utf-8")


def _language(request: Request) -> str:
    return choose_language(request.query_params.get("lang"), request.headers.get("accept-language", ""))


def _answer(request: Request, file: PageFile, caching: str, status: int = 200) -> Response:
    headers = {**page_headers(caching), "content-type": file.media_type, "etag": file.etag}
    if status == 200 and has_it(request, file.etag):
        return Response(status_code=304, headers=headers)
    if file.packed is not None and _takes_gzip(request.headers.get("accept-encoding", "")):
        return Response(file.packed, status, {**headers, "content-encoding": "gzip"})
    return Response(file.body, status, headers)


def page_headers(caching: str) -> dict[str, str]:
    """What every file of the page is sent with, whatever is in it; `caching` is FOR_EVER or ASK_AGAIN."""
    return {
        "cache-control": caching,
        "content-security-policy": PAGE_POLICY,
        "vary": "Accept-Encoding" if caching == FOR_EVER else "Accept, Accept-Encoding, Accept-Language",
    }


def _takes_html(accept: str) -> bool:
    """Named, that is: a program that takes anything is no browser."""
    for entry in accept.split(","):
        media_type, _, parameter = entry.partition(";")
        if media_type.strip().lower() == "text/html" and _weight(parameter) > 0:
            return True
    return False


def _takes_gzip(accept_encoding: str) -> bool:
    for entry in accept_encoding.split(","):
        coding, _, parameter = entry.partition(";")
        if coding.strip().lower() in {"gzip", "*"} and _weight(parameter) > 0:
            return True
    return False
