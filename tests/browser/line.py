"""A line between browser and server that can be cut or go silent, as networks do."""

import contextlib
import socket
import struct
import threading
from typing import Self

CHUNK_BYTES = 65_536
UPGRADE = b"upgrade: websocket"


class Line:
    """A TCP forwarder on a port of its own, which it keeps."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._listener = _listen(0)
        self.port: int = self._listener.getsockname()[1]
        self._guard = threading.Lock()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._is_flowing = threading.Event()
        self._is_flowing.set()
        self._serve()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.flow()
        self.cut()

    @property
    def url(self) -> str:
        """What a browser opens to come through here."""
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Reset what is connected; refuse what comes."""
        # A thread in accept() keeps a listener alive that is only closed.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._guard:
            pairs, self._pairs = self._pairs, []
        for end in (end for pair in pairs for end in pair):
            _reset(end)

    def mend(self) -> None:
        """Take connections again, on the same port."""
        self._listener = _listen(self.port)
        self._serve()

    def hush(self) -> None:
        """Sockets stay open but carry nothing in either direction; everything else goes on."""
        self._is_flowing.clear()

    def flow(self) -> None:
        """Let sockets carry again, and first what was held back."""
        self._is_flowing.set()

    def _serve(self) -> None:
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                browser, _ = listener.accept()
            except OSError:
                return
            self._connect(browser)

    def _connect(self, browser: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self._server_port))
        except OSError:
            _reset(browser)
            return
        with self._guard:
            self._pairs.append((browser, server))
        is_websocket = threading.Event()
        for source, sink, is_asking in ((browser, server, True), (server, browser, False)):
            threading.Thread(
                target=self._carry, args=(source, sink, is_websocket, is_asking), daemon=True
            ).start()

    def _carry(
        self, source: socket.socket, sink: socket.socket, is_websocket: threading.Event, is_asking: bool
    ) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(CHUNK_BYTES):
                if is_websocket.is_set():
                    self._is_flowing.wait()
                elif is_asking and UPGRADE in chunk.lower():
                    is_websocket.set()
                sink.sendall(chunk)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
                end.close()


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen()
    return listener


def _reset(end: socket.socket) -> None:
    """Close with RST, as a router does that has forgotten a connection."""
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        end.shutdown(socket.SHUT_RDWR)
    end.close()
