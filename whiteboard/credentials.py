"""What commands that ask a server are given to be let in by and to trust: secrets and authorities in files, and where a secret may go.

Doctor, `top` and support bundle share it; they share nothing of the server.
"""

import ssl
from ipaddress import ip_address
from pathlib import Path

from whiteboard import limits
from whiteboard.errors import ConfigError


def read_secret_line(path: Path | None) -> str | None:
    """The one line of text in a file, None without a file. Raises ConfigError."""
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            text = file.read(limits.MAX_REQUEST_BYTES).decode("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"cannot read {path}: {_reason(error, 'it is no text')}"]) from error
    if not text or not text.isprintable():
        raise ConfigError([f"{path}: expected one line of text"])
    return text


def read_token(path: Path | None) -> str | None:
    """As `read_secret_line`, for what goes into a header: printable ASCII. Raises ConfigError."""
    token = read_secret_line(path)
    if token is not None and not token.isascii():
        raise ConfigError([f"{path}: expected one line of printable ASCII"])
    return token


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Trusts the system's authorities, and those of a file. Raises ConfigError."""
    try:
        context = ssl.create_default_context()
        if ca_file is not None:
            context.load_verify_locations(ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError([f"cannot use {ca_file}: {_reason(error, 'it has no certificate')}"]) from error
    return context


def is_loopback(host: str) -> bool:
    """Whether what is sent there stays on this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _reason(error: Exception, otherwise: str) -> str:
    return getattr(error, "strerror", None) or otherwise
