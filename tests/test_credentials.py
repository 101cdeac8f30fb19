"""What commands that ask a server are given: secrets and authorities in files."""

import ssl
from pathlib import Path

import pytest

from whiteboard.credentials import is_loopback, read_secret_line, read_token, tls_context
from whiteboard.errors import ConfigError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file's name."""
    return tmp_path / "secret"


def test_a_secret_is_the_one_line_of_its_file(file: Path) -> None:
    """Without what stands around it; no file, no secret."""
    file.write_text("  ada:Schlüssel \n", encoding="utf-8")
    assert read_secret_line(file) == "ada:Schlüssel"
    assert read_secret_line(None) is None
    assert read_token(None) is None


@pytest.mark.parametrize("content", [b"", b" \n", b"one\ntwo\n", b"bell\x07"])
def test_what_is_no_line_is_refused(file: Path, content: bytes) -> None:
    """Nothing, two lines, control characters: the file is named, and what it says is not."""
    file.write_bytes(content)
    with pytest.raises(ConfigError) as refused:
        read_secret_line(file)
    assert refused.value.problems == [f"{file}: expected one line of text"]


def test_what_is_no_text_is_refused(file: Path) -> None:
    """Bytes that are no UTF-8."""
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="it is no text"):
        read_secret_line(file)


def test_a_file_that_is_not_there_is_named(file: Path) -> None:
    """With the system's reason, for secrets and authorities alike."""
    for read in (read_secret_line, read_token, tls_context):
        with pytest.raises(ConfigError, match=f"{file}: No such file"):
            read(file)


def test_a_token_goes_into_a_header(file: Path) -> None:
    """So it is ASCII."""
    file.write_text("0123456789abcdef\n")
    assert read_token(file) == "0123456789abcdef"
    file.write_text("Schlüssel\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="printable ASCII"):
        read_token(file)


def test_the_systems_authorities_are_trusted_and_names_are_looked_at() -> None:
    """Unless a file adds some."""
    context = tls_context(None)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_a_file_without_a_certificate_is_refused(file: Path) -> None:
    """It is named."""
    file.write_text("no certificate\n")
    with pytest.raises(ConfigError, match=f"cannot use {file}"):
        tls_context(file)


@pytest.mark.parametrize(
    ("host", "stays"),
    [
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("localhost", True),
        ("board.localhost", True),
        ("10.0.0.1", False),
        ("notlocalhost", False),
        ("localhost.example.org", False),
        ("127.0.0.1.example.org", False),
    ],
)
def test_a_secret_stays_on_this_machine(host: str, stays: bool) -> None:
    """Where it goes to a loopback address, or to a name that is always one (RFC 6761, section 6.3)."""
    assert is_loopback(host) == stays
