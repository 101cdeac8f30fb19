"""A real nginx as a process of its own, with a site file of the examples made to fit a test's ports and folders."""

import getpass
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

from services.ports import free_port

EXAMPLES = Path(__file__).parents[2] / "examples"
START_SECONDS = 120.0
FRAME = """
user {user};
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  log_format passed '$upstream_addr $request_uri';
  access_log {folder}/access.log passed;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  include {folder}/site.conf;
}}
"""


@contextmanager
def nginx_running(folder: Path, site: str, changes: Mapping[str, str]) -> Iterator[str]:
    """Nginx with a site of the examples, in which each of `changes` is made wherever it stands; its URL."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    assert program, "no nginx: let tools/check install it"
    port = free_port()
    text = (EXAMPLES / site).read_text()
    for old, new in {"listen 80;": f"listen 127.0.0.1:{port};", **changes}.items():
        assert old in text, (old, text)
        text = text.replace(old, new)
    (folder / "site.conf").write_text(text)
    (folder / "nginx.conf").write_text(FRAME.format(folder=folder, user=getpass.getuser()))
    process = subprocess.Popen([program, "-p", str(folder), "-c", str(folder / "nginx.conf")])
    try:
        _wait_for(process, port, folder)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def passed_on(folder: Path) -> list[str]:
    """The addresses that nginx in this folder has asked a server for, so far; the rest it answered itself."""
    lines = [line.rpartition(" ") for line in (folder / "access.log").read_text().splitlines()]
    return [asked for upstream, _, asked in lines if upstream != "-"]


def _wait_for(process: "subprocess.Popen[bytes]", port: int, folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, (folder / "error.log").read_text()
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=1)
            connection.request("GET", "/")
            connection.getresponse()
        except OSError:
            time.sleep(0.01)
        else:
            connection.close()
            return
    raise AssertionError("nginx did not answer")
