"""The page's files over HTTP."""

import gzip
from importlib.resources import files
from pathlib import Path

import httpx2
import pytest
from hypothesis import given, strategies
from web.stand_ins import Site, error

from whiteboard.config import BasePath, Settings
from whiteboard.errors import StartupError
from whiteboard.web.edge import DATA_POLICY, PAGE_POLICY
from whiteboard.web.page import LANGUAGES, choose_language, load_page


def static(site: Site, path: str) -> str:
    """Where a file of the page is served."""
    return f"/static/{site.page().digest}/{path}"


@pytest.mark.parametrize("path", ["/", "/b/x", "/b/A-z_0.9"])
async def test_the_index_is_filled_in(site: Site, path: str) -> None:
    """The page and each board's address show the same index; browsers ask again for it. [HTTP-2]"""
    answer = await site.get(path)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == PAGE_POLICY
    assert answer.headers["cache-control"] == "no-cache"
    assert '<html lang="en">' in answer.text
    assert f'src="{static(site, "js/main.js")}"' in answer.text
    assert "{{" not in answer.text


@pytest.mark.parametrize("path", ["/b/a%20b", "/b/%2e%2e", "/b/" + "x" * 129, "/b/白板"])
async def test_what_is_no_board_id_gets_a_page_that_says_so(site: Site, path: str) -> None:
    """A person followed a broken link: the answer is for people, in their language. [HTTP-2]"""
    answer = await site.get(path, accept_language="zh-CN")
    english = await site.get("/b/a b")

    assert answer.status_code == english.status_code == 404
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "没有这个白板" in answer.text
    assert "No such board" in english.text


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/nothing/here", "Nothing here"),
        ("/board", "Nothing here"),
        ("/b/x/", "No such board"),
        ("/b/", "No such board"),
    ],
)
async def test_a_browser_at_no_address_gets_a_page(site: Site, path: str, title: str) -> None:
    """In the page's look, under its policy, with a way on, in the reader's language. [HTTP-2]"""
    answer = await site.get(path, accept=BROWSER)

    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert answer.headers["content-security-policy"] == PAGE_POLICY
    assert "Accept" in answer.headers["vary"].split(", ")
    assert f"<h1>{title}</h1>" in answer.text
    assert f'href="{static(site, "css/page.css")}"' in answer.text
    assert 'href="/"' in answer.text
    assert "style=" not in answer.text
    assert '<html lang="zh">' in (await site.get(path, accept=BROWSER, accept_language="zh")).text


@pytest.mark.parametrize("path", ["/api/nothing", "/api/boards/a b", "/ws/x", "/static/0/x.js"])
async def test_addresses_of_programs_answer_in_their_words(site: Site, path: str) -> None:
    """A browser that opens one of them reads the same error as a program. [HTTP-8]"""
    assert error(await site.get(path, accept=BROWSER))[0] in {400, 404}


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html;q=0", ""])
async def test_a_program_at_no_address_gets_an_error(site: Site, accept: str) -> None:
    """A page is for those who ask for one. [HTTP-8]"""
    assert error(await site.get("/nothing", accept=accept)) == (404, "not_found")


async def test_below_a_path_the_lost_come_back_there(site: Site) -> None:
    """The way on leads to the front page of this server, not of the host. [HTTP-2]"""
    site.settings = Settings(base_path=BasePath("/wb"))
    for path in ("/wb/nothing", "/wb/b/a b"):
        assert 'href="/wb/"' in (await site.get(path, accept=BROWSER)).text
    assert error(await site.get("/wb/api/nothing", accept=BROWSER)) == (404, "not_found")


async def test_static_files_are_kept_for_ever(site: Site) -> None:
    """The digest in the address changes with any file, so that a copy never grows old."""
    answer = await site.get(static(site, "js/main.js"))

    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["vary"] == "Accept-Encoding"
    before = site.page().digest
    (site.page_root / "dot.png").write_bytes(b"\x89PNG2")
    assert site.page().digest != before


@pytest.mark.parametrize(
    "path", ["js/none.js", ".hidden.js", "notes.md", "../page/index.html", "js/../js/main.js", "js", ""]
)
async def test_only_the_page_s_own_files_are_served(site: Site, path: str) -> None:
    """No hidden file, no unknown kind, no way out of the folder."""
    digest = site.page().digest

    assert error(await site.get(f"/static/{digest}/{path.replace('..', '%2e%2e')}"))[0] == 404


async def test_files_of_another_version_are_not_served(site: Site) -> None:
    """A module of an old page must not meet a module of the new one."""
    assert error(await site.get("/static/0123456789abcdef/js/main.js")) == (404, "not_found")


async def test_compressed_once_for_those_who_take_it(site: Site) -> None:
    """Compressed when asked for and smaller; otherwise the plain bytes."""
    path, plain = static(site, "js/main.js"), (site.page_root / "js" / "main.js").read_bytes()
    packed = await site.get(path, accept_encoding="br, gzip;q=0.5")

    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain
    assert int(packed.headers["content-length"]) < len(plain)
    for refusal in ("identity", "gzip;q=0", "gzip;q=x", ""):
        answer = await site.get(path, accept_encoding=refusal)
        assert "content-encoding" not in answer.headers
        assert answer.content == plain
    assert "content-encoding" not in (await site.get(static(site, "dot.png"), accept_encoding="*")).headers


async def test_compression_is_the_same_at_every_start(site: Site) -> None:
    """Two servers behind one proxy send the same bytes."""
    first, second = (site.page().statics["js/main.js"].packed for _ in range(2))

    assert first is not None
    assert first == second
    assert gzip.decompress(first) == (site.page_root / "js" / "main.js").read_bytes()


@pytest.mark.parametrize("prefix", ["", "W/", '"other", W/'])
async def test_an_unchanged_file_is_not_sent_again(site: Site, prefix: str) -> None:
    """If-None-Match with the ETag, weak or strong, alone or in a list: 304 without a body."""
    for path in ("/", static(site, "js/main.js")):
        etag = (await site.get(path)).headers["etag"].removeprefix("W/")
        answer = await site.get(path, if_none_match=prefix + etag)
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"].endswith(etag)
        assert (await site.get(path, if_none_match='"other"')).status_code == 200


async def test_languages_have_their_own_etag(site: Site) -> None:
    """A cache does not show one person's language to another."""
    english, chinese = await site.get("/"), await site.get("/", accept_language="zh")

    assert '<html lang="zh">' in chinese.text
    assert english.headers["etag"] != chinese.headers["etag"]
    assert "Accept-Language" in english.headers["vary"]
    assert '<html lang="zh">' in (await site.get("/?lang=zh", accept_language="en")).text


@pytest.mark.parametrize(
    ("asked", "accepted", "language"),
    [
        (None, "", "en"),
        (None, "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        (None, "en-GB,zh;q=0.9", "en"),
        (None, "fr, zh-TW;q=0.3", "zh"),
        (None, "fr, de", "en"),
        (None, "zh;q=0, en;q=0.1", "en"),
        (None, "zh;level=1", "en"),
        (None, "*;q=0.5", "en"),
        ("zh", "en", "zh"),
        ("fr", "zh", "zh"),
    ],
)
def test_language(asked: str | None, accepted: str, language: str) -> None:
    """What was asked for in the address, then what the browser prefers, then English."""
    assert choose_language(asked, accepted) == language


@given(strategies.text(), strategies.text())
def test_any_header_gives_a_language(asked: str, accepted: str) -> None:
    """Nothing that a peer sends breaks the choice."""
    assert choose_language(asked, accepted) in LANGUAGES


def test_a_package_without_its_page_does_not_start(tmp_path: Path) -> None:
    """Better a sentence at start than a 404 for everybody."""
    with pytest.raises(StartupError, match="install whiteboard again"):
        load_page(BasePath(""), tmp_path)


@pytest.mark.skipif(
    not files("whiteboard").joinpath("page/index.html").is_file(), reason="the page is not there yet"
)
def test_the_page_of_the_package_is_complete() -> None:
    """The shipped index has nothing left to fill in and names files that exist."""
    page = load_page(BasePath("/wb"))
    text = page.index["en"].body.decode()

    assert "{{" not in text
    prefix = f"/wb/static/{page.digest}/"
    named = {part.split('"')[0].split("?")[0] for part in text.split(prefix)[1:]}
    assert named <= set(page.statics)
    assert named


def test_data_and_page_policies_differ() -> None:
    """Answers that are no page may load nothing at all."""
    assert "script-src" not in DATA_POLICY


async def test_length_and_encoding_agree_with_the_bytes(site: Site) -> None:
    """A client that believes the headers can read the page."""
    answer: httpx2.Response = await site.get("/", accept_encoding="gzip")

    assert answer.text.startswith("<!doctype html>")
