"""TLS from certificate files: the context, and a wire that encrypts without waiting.

Owns everything about TLS. An own SSLObject over memory buffers instead of trio.SSLStream, because a
room must be able to push a frame to a session without waiting (and it costs 5 µs instead of 18).
"""

import socket
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import trio

from whiteboard import limits
from whiteboard.errors import StartupError
from whiteboard.transport.send_queue import Piece
from whiteboard.transport.wire import Wire

HTTP2: Final = "h2"
_ALPN: Final = (HTTP2, "http/1.1")


def load_tls(certificate: Path, key: Path | None = None) -> ssl.SSLContext:
    """A server context from PEM files; `key` None: the key is in the certificate's file.

    Raises StartupError naming the file that cannot be used.
    """
    _check_readable(certificate, "certificate", "--tls-cert")
    _check_readable(key, "key", "--tls-key")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Renegotiation would make a write wait for the peer; RFC 9113 section 9.2.1 forbids both.
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(list(_ALPN))
    try:
        context.load_cert_chain(certificate, key, password=_refuse_password)
    except ssl.SSLError as error:
        files = str(certificate) if key is None else f"{certificate} and {key}"
        raise StartupError(
            f"cannot use the TLS certificate in {files}: {error.reason or 'OpenSSL cannot read them'}; "
            "give PEM files: the certificate with its chain, and the key that belongs to it, not encrypted"
        ) from error
    return context


def _check_readable(path: Path | None, what: str, flag: str) -> None:
    if path is None:
        return
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise StartupError(
            f"cannot read the TLS {what} {path}: {error.strerror}; "
            f"give with {flag} a PEM file that is there and that this user may read"
        ) from error


def _refuse_password() -> str:
    # An empty password fails to decrypt; without this, OpenSSL would ask on the terminal.
    return ""


class TlsWire(Wire):
    """A wire whose bytes are encrypted. Call `handshake` before anything else."""

    __slots__ = ("_encrypted", "_incoming", "_outgoing", "_said_end", "_tls")
    is_tls = True

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        """Take over `sock`, which is connected and non-blocking."""
        super().__init__(sock)
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._encrypted: bytes | memoryview = b""
        self._said_end = False

    async def handshake(self) -> None:
        """Agree with the peer; sets `alpn`.

        Raises trio.BrokenResourceError when they do not agree or the peer goes. The caller sets the
        deadline. Cancelled, only closing is left.
        """
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                await super().wait_readable()
                self._read_socket()
            except ssl.SSLError as error:
                self.flush_nowait()  # the alert that tells the peer why
                raise trio.BrokenResourceError(str(error)) from error
            else:
                await self._flush()
                self.alpn = self._tls.selected_alpn_protocol()
                self.holds_more = True
                return

    async def _flush(self) -> None:
        while not self.flush_nowait():
            await self.wait_writable()

    def send_nowait(self, data: bytes | bytearray | memoryview) -> int:
        """Encrypt and hand over the start of `data`, while the kernel takes all; one system call for each SEND_BYTES."""
        taken, size = 0, len(data)
        while taken < size and self.flush_nowait():
            end = min(taken + limits.SEND_BYTES, size)
            self._encrypted = self._records(memoryview(data)[taken:end])
            taken = end
        self.flush_nowait()
        return taken

    def send_pieces_nowait(self, pieces: Sequence[Piece]) -> int:
        """As `send_nowait`, for what stands in several places, one after the other."""
        taken = 0
        for piece in pieces:
            took = self.send_nowait(piece)
            taken += took
            if took < len(piece):
                break
        return taken

    def _records(self, data: memoryview) -> bytes:
        """`data` encrypted. Taken out record by record: OpenSSL's buffer never shrinks, and every session has one."""
        records: list[bytes] = []
        try:
            for at in range(0, len(data), limits.TLS_RECORD_BYTES):
                self._tls.write(data[at : at + limits.TLS_RECORD_BYTES])
                records.append(self._outgoing.read())
        except ssl.SSLError as error:
            raise trio.BrokenResourceError(str(error)) from error
        return b"".join(records)

    def flush_nowait(self) -> bool:
        if not self._encrypted:
            if not self._outgoing.pending:
                return True
            self._encrypted = self._outgoing.read()
        sent = super().send_nowait(self._encrypted)
        self._encrypted = memoryview(self._encrypted)[sent:] if sent < len(self._encrypted) else b""
        self.pending_bytes = len(self._encrypted)
        return not self._encrypted

    def drop_pending(self) -> None:
        self._encrypted = b""
        self._outgoing.read()
        self.pending_bytes = 0

    def receive_nowait(self, max_bytes: int = limits.RECEIVE_BYTES) -> bytes | None:
        """As `Wire.receive_nowait`: of what has arrived, every record that is whole.

        So a socket that becomes readable tells of all that comes later, unless `holds_more`.
        """
        data = self._decrypt(max_bytes)
        if self._outgoing.pending:  # an answer of TLS's own: it leaves with what is flushed next
            self.pending_bytes = len(self._encrypted) + self._outgoing.pending
        return data

    def _decrypt(self, max_bytes: int) -> bytes | None:
        pieces: list[bytes] = []
        room = max_bytes
        self.holds_more = False
        while room:
            try:
                piece = self._tls.read(room)
            except ssl.SSLWantReadError:
                if pieces:
                    break
                if not self._read_socket(max_bytes):
                    return None
                continue
            except ssl.SSLEOFError:
                piece = b""  # cut off without a goodbye: the layer above knows what is missing
            except ssl.SSLError as error:
                self.flush_nowait()
                raise trio.BrokenResourceError(str(error)) from error
            pieces.append(piece)
            room -= len(piece)
            if not piece or not (self._tls.pending() or self._incoming.pending):
                return self._joined(pieces)
        self.holds_more = not room
        return self._joined(pieces)

    def _joined(self, pieces: list[bytes]) -> bytes:
        """What was read; its end counts once nothing comes before it."""
        data = b"".join(pieces)
        if not pieces[-1]:
            self.saw_eof, self.holds_more = not data, bool(data)
        return data

    def _read_socket(self, max_bytes: int = limits.PUMP_BYTES) -> bool:
        """Move what the socket holds into the TLS buffers; whether there was anything."""
        raw = super().receive_nowait(max_bytes)
        if raw:
            self._incoming.write(raw)
        elif raw is not None:
            self._incoming.write_eof()
        return raw is not None

    async def wait_readable(self) -> None:
        if self.holds_more and not self._closed:
            await trio.lowlevel.checkpoint()
            return
        await super().wait_readable()

    def end_sending(self) -> None:
        """Say close_notify, as far as the kernel takes it now, then end the TCP side."""
        if self._said_end:
            return
        self._said_end = True
        try:
            self._tls.unwrap()
        except ssl.SSLError:
            pass  # wants the peer's close_notify, for which nobody has to wait (RFC 8446 section 6.1)
        try:
            self.flush_nowait()
        except trio.BrokenResourceError:
            pass
        super().end_sending()
