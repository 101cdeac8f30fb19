"""What is typed in."""

import argparse
from pathlib import Path

import pytest

from whiteboard import cli
from whiteboard.doctor.command import read_options
from whiteboard.errors import ConfigError


def arguments(*flags: str) -> argparse.Namespace:
    """As the command line gives them."""
    return cli.build_parser().parse_args(["doctor", "https://draw.example.org", *flags])


def test_all_flags(tmp_path: Path) -> None:
    """Each ends up where it belongs; secrets are read from files and not shown."""
    token, credentials = tmp_path / "token", tmp_path / "credentials"
    token.write_text("0123456789abcdef\n")
    credentials.write_text("ada:lovelace\n")
    secrets = ["--token-file", str(token), "--credentials-file", str(credentials)]
    options = read_options(
        arguments(*secrets, "--origin", "https://a.example", "--connect-to", "10.0.0.1", "--proxy-wait", "90")
    )
    assert (options.origin, options.connect_to, options.proxy_wait) == (
        "https://a.example",
        ("10.0.0.1", 443),
        90.0,
    )
    assert (options.token, options.credentials) == ("0123456789abcdef", "Basic YWRhOmxvdmVsYWNl")
    assert "0123456789abcdef" not in repr(options)
    assert "YWRhOmxvdmVsYWNl" not in repr(options)


def test_defaults() -> None:
    """The URL is enough."""
    options = read_options(arguments())
    assert options.target.url == "https://draw.example.org/"
    assert (options.origin, options.connect_to, options.proxy_wait, options.token) == (None, None, None, None)


@pytest.mark.parametrize("seconds", ["-1", "nan", "inf", "3601"])
def test_a_wait_has_bounds(seconds: str) -> None:
    """An hour at most."""
    with pytest.raises(ConfigError, match=r"--proxy-wait .*: expected seconds from 0 to 3600"):
        read_options(arguments("--proxy-wait", seconds))


@pytest.mark.parametrize("content", [None, b"", b"\n", b"two\nlines", b"\xff\xfe"])
def test_a_secret_is_one_line_of_text(content: bytes | None, tmp_path: Path) -> None:
    """Anything else is named by its file, not by what is in it."""
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match="secret"):
        read_options(arguments("--token-file", str(file)))
