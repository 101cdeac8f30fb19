"""Sites of one nginx, each of which is the shipped example with one thing changed."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from certificates import Certificate
from services.nginx_process import nginx_running
from services.ports import free_port

SHIPPED = (Path(__file__).parents[2] / "examples/nginx/whiteboard.conf").read_text()
LOCATION = "location /wb/ {"
UPGRADE = """\
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $connection_upgrade;
"""


class Sites:
    """Written first, then served together by one nginx."""

    def __init__(self, *, server_port: int) -> None:
        before, self._block = SHIPPED.split("\nserver {\n")
        for port in ("8080", "8081"):
            assert before.count(f"server 127.0.0.1:{port} ") == 1
            before = before.replace(f"server 127.0.0.1:{port} ", f"server 127.0.0.1:{server_port} ")
        kept = f"upstream kept {{\n  server 127.0.0.1:{server_port};\n  keepalive 4;\n}}\n"
        self._before = before + kept
        self._blocks: list[str] = []
        self._ports: dict[str, int] = {}

    def add(self, name: str, changes: dict[str, str] | None = None, tls: Certificate | None = None) -> None:
        """A site on a port of its own; each change is made once."""
        port = self._ports[name] = free_port()
        listen = f"listen 127.0.0.1:{port}"
        if tls is not None:
            listen = f"{listen} ssl;\n  ssl_certificate {tls.cert};\n  ssl_certificate_key {tls.key}"
        block = f"server {{\n{self._block}"
        for old, new in {"listen 80;": f"{listen};", **(changes or {})}.items():
            assert block.count(old) == 1, (old, block)
            block = block.replace(old, new)
        self._blocks.append(block)

    def port(self, name: str) -> int:
        """Where a site is."""
        return self._ports[name]

    def url(self, name: str, *, base: str = "/wb", host: str = "127.0.0.1", scheme: str = "http") -> str:
        """The URL of a site."""
        return f"{scheme}://{host}:{self._ports[name]}{base}"

    @contextmanager
    def served(self, folder: Path) -> Iterator[None]:
        """By nginx, while the block runs."""
        folder.mkdir()
        fallback = "server {\n  listen 80;\n  return 404;\n}\n"  # what the starter of nginx waits for
        # nginx's worker is another user, who may not write into a test's folder.
        in_memory = "client_body_buffer_size 128k;"
        (folder / "sites.conf").write_text("\n".join([in_memory, self._before, *self._blocks, fallback]))
        with nginx_running(folder, str(folder / "sites.conf"), {}):
            yield
        shutil.rmtree(folder)
