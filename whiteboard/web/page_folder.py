"""The page as files of a folder, for nginx or a CDN to serve in the server's place.

What is written is what `page.py` serves, byte for byte, at the same paths; beside it stands how nginx sends it, so
that headers change with the page and not with a configuration that somebody copied once. Blocks; runs for a
command. Must not know who serves the folder.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from whiteboard import __version__
from whiteboard.config import BasePath
from whiteboard.errors import WhiteboardError
from whiteboard.web.edge import ALWAYS, SECURE
from whiteboard.web.page import ASK_AGAIN, FOR_EVER, LANGUAGES, MEDIA_TYPES, Page, page_headers

PACKED_SUFFIX: Final = ".gz"
"""Of a file's compressed twin, as nginx's `gzip_static` looks for it."""

_HEAD: Final = f"# How nginx sends the page of whiteboard {__version__}. Written with it by `whiteboard page`: do not edit.\n"

_LOOPBACK: Final = r"(.+\.)?localhost\.?|127\.[0-9]+\.[0-9]+\.[0-9]+|\[::1\]"
"""Names that browsers take for secure without TLS, as nginx's `$host` spells them."""


class PageNotWritten(WhiteboardError):
    """The folder cannot be written to."""


def write_page(page: Page, base_path: BasePath, folder: Path) -> Path:
    """Write the page below `folder`; where its versioned files are now.

    `<base path>/static/<digest>/…`, each file with a `.gz` beside it where that is smaller;
    `<base path>/index.<language>.html`; and `nginx/*.conf`. The index comes last and every file in one step, so that
    who is served meanwhile gets one version or the other. Files of older versions stay, for pages that are open.

    Raises PageNotWritten.
    """
    try:
        for path, body in _contents(page, folder / base_path.strip("/"), folder / "nginx"):
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = path.with_name(f".{path.name}.new")
            fresh.write_bytes(body)
            fresh.replace(path)
    except OSError as error:
        raise PageNotWritten(f"cannot write {error.filename}: {error.strerror}") from error
    return folder / base_path.strip("/") / "static" / page.digest


def _contents(page: Page, site: Path, nginx: Path) -> Iterator[tuple[Path, bytes]]:
    served = [(site / "static" / page.digest / path, file) for path, file in page.statics.items()]
    served += [(site / f"index.{language}.html", file) for language, file in page.index.items()]
    for name, text in {"http": http_part(), "static": static_part(), "index": index_part()}.items():
        yield nginx / f"{name}.conf", text.encode()
    for path, file in served:
        if file.packed is not None:
            yield path.with_name(path.name + PACKED_SUFFIX), file.packed
        yield path, file.body


def http_part() -> str:
    """For nginx's `http`: `$whiteboard_language` and `$whiteboard_opener`."""
    first, *others = LANGUAGES
    ours = "|".join(LANGUAGES)
    asked = "".join(f'  "~^{language}$" {language};\n' for language in LANGUAGES)
    foreign = f"(\\s*+(?!({ours})[-,;\\s])[^,]*+,)*+"  # possessive: a header of spaces costs no backtracking
    accepted = "".join(f'  "~*^{foreign}\\s*+{language}[-,;\\s]" {language};\n' for language in others)
    (opener,) = SECURE.values()
    return (
        f"{_HEAD}"
        "# ?lang=, else the first of ours in Accept-Language, which browsers send in the order of their weights.\n"
        f'map "$http_accept_language," $whiteboard_accepted {{\n  default {first};\n{accepted}}}\n'
        f"map $arg_lang $whiteboard_language {{\n  default $whiteboard_accepted;\n{asked}}}\n"
        "# Only where a browser takes the page for secure; others log an error.\n"
        'map "$scheme://$host" $whiteboard_opener {\n  default "";\n'
        f'  "~^https:" {opener};\n  "~^http://({_LOOPBACK})$" {opener};\n}}\n'
    )


def index_part() -> str:
    """For the location of the index, in whatever language.

    Without validators: nginx's come from a file's time and size, and two versions of the index have one size.
    """
    html = MEDIA_TYPES[".html"]
    own = f'types {{ }}\ndefault_type "{html}";\netag off;\nif_modified_since off;\nadd_header Last-Modified "";\n'
    return _HEAD + own + _sending(ASK_AGAIN)


def static_part() -> str:
    """For the location of the versioned files."""
    types = "".join(f'  "{kind}" {suffix[1:]};\n' for suffix, kind in MEDIA_TYPES.items())
    return f"{_HEAD}types {{\n{types}}}\ndefault_type application/octet-stream;\n{_sending(FOR_EVER)}"


def _sending(caching: str) -> str:
    headers = ALWAYS | page_headers(caching)
    lines = [f'add_header {name} "{value}";\n' for name, value in headers.items()]
    lines += [f"add_header {name} $whiteboard_opener;\n" for name in SECURE]
    packing = "gzip off;\ngzip_static on;\ngzip_proxied any;\ngzip_vary off;\nmax_ranges 0;\n"
    return packing + "".join(lines)
