"""The command: what was typed in, a file out."""

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from whiteboard import limits
from whiteboard.bundle.gathering import Answer, Source, gather
from whiteboard.bundle.writing import write
from whiteboard.credentials import is_loopback, read_token, tls_context
from whiteboard.errors import ConfigError


def add_arguments(parser: ArgumentParser) -> None:
    """What may be typed behind `whiteboard support-bundle`."""
    parser.add_argument("url", metavar="URL", help="of the server, such as http://localhost:8080/wb")
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path, help="(default: whiteboard-DATE-TIME.zip)"
    )
    parser.add_argument(
        "--token-file", metavar="FILE", type=Path, help="the operator's token, from elsewhere"
    )
    parser.add_argument(
        "--ca-file", metavar="FILE", type=Path, help="further authority that signs certificates"
    )
    parser.add_argument(
        "--seconds", metavar="N", type=int, default=5, help="that profiles of CPU and waits look (default: 5)"
    )


def run(arguments: Namespace, say: Callable[[str], None]) -> bool:
    """Ask and write; whether all could be had. Raises ConfigError, NoServer, UnwritableBundle."""
    source = read_source(arguments)
    if not 1 <= arguments.seconds <= limits.MAX_BUNDLE_SECONDS:
        raise ConfigError([f"--seconds: expected 1 to {limits.MAX_BUNDLE_SECONDS}, got {arguments.seconds}"])
    path = arguments.output or Path(time.strftime("whiteboard-%Y%m%d-%H%M%S.zip"))
    is_whole = write(gather(source, arguments.seconds), source, path, lambda answer: say(_line(answer)))
    say(f"{path} is written; see through it before you give it away: it names boards, sessions and addresses")
    return is_whole


def read_source(arguments: Namespace) -> Source:
    """Raises ConfigError."""
    url = arguments.url.rstrip("/")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise ConfigError([f"URL: {url!r}: {error}"]) from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or "@" in parts.netloc:
        raise ConfigError([f"URL: expected http(s)://HOST:PORT/PATH without user or query, got {url!r}"])
    token = read_token(arguments.token_file)
    if token is not None and parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ConfigError(
            [f"{url}: the token would go in the clear; give an https:// URL, or one on loopback"]
        )
    return Source(url, token, None if arguments.ca_file is None else tls_context(arguments.ca_file))


def _line(answer: Answer) -> str:
    if answer.fault:
        return f"-  {answer.part.name}: {answer.fault}"
    return f"ok {answer.part.name} ({answer.size} bytes)"
