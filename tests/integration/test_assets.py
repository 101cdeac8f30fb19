"""Pictures at the real server: in, out, over restarts, in a bucket, and while the bucket is away."""

import hashlib
import os
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
import trio
from integration.conftest import Serve
from integration.server_process import Json, ServerProcess
from services.redis_process import redis_running
from services.s3_process import BUCKET, REGION, S3Process, s3_running
from web.pictures_made import png

from whiteboard import limits

pytestmark = pytest.mark.integration

RED = png()
RED_NAME = hashlib.sha256(RED).hexdigest()
AT = "/api/boards/b/assets"


@pytest.fixture
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Process]:
    """A store of the test's own."""
    with s3_running(tmp_path_factory.mktemp("s3")) as running:
        yield running


def with_bucket(s3: S3Process, folder: Path) -> list[str]:
    """Options for a server that keeps its pictures there."""
    secret = folder / "secret"
    secret.write_text(s3.secret_key)
    return [
        *("--s3-bucket", BUCKET, "--s3-endpoint", s3.endpoint, "--s3-region", REGION, "--s3-prefix", "wb"),
        *("--s3-access-key", s3.access_key, "--s3-secret-key-file", str(secret)),
    ]


def ask(server: ServerProcess, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
    """Status and body of an answer."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


async def test_pictures_outlive_the_server(serve: Serve) -> None:
    """Killed and started again in its data directory, it shows what it had acknowledged; the largest too. [HTTP-19]"""
    server = serve("sqlite")
    large = png() + os.urandom(limits.MAX_ASSET_BYTES - len(png()))
    for body in (RED, large):
        assert ask(server, "POST", AT, body)[0] == 201
    server.kill()
    server.start()
    for body in (RED, large):
        digest = hashlib.sha256(body).hexdigest()
        assert ask(server, "GET", f"{AT}/{digest}") == (200, body)
    assert ask(server, "DELETE", "/api/boards/b")[0] == 204
    assert ask(server, "GET", f"{AT}/{RED_NAME}")[0] == 404
    assert [one.name for one in (server.folder / "data" / "blobs").iterdir()] == ["~"]


async def test_a_body_that_is_too_large_gets_its_answer(serve: Serve) -> None:
    """Also without a length, in pieces; the server goes on. [HTTP-20]"""
    server = serve("memory")
    piece = b"%x\r\n%s\r\n" % (limits.MIB, bytes(limits.MIB))
    async with await trio.open_tcp_stream("127.0.0.1", server.port) as stream:
        await stream.send_all(
            f"POST {AT} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        )
        for _ in range(limits.MAX_ASSET_BYTES // limits.MIB):
            await stream.send_all(piece)
        await stream.send_all(b"1\r\nx\r\n")
        with trio.fail_after(30):
            head = await stream.receive_some(1000)
    assert head.startswith(b"HTTP/1.1 413")
    assert ask(server, "POST", AT, RED)[0] == 201


async def test_two_servers_share_a_bucket(serve: Serve, s3: S3Process, tmp_path: Path) -> None:
    """What one took another shows; a deleted board's pictures are gone from the bucket. [HTTP-19] [HTTP-22]"""
    with redis_running(tmp_path) as redis:
        options = ["--redis-addr", redis.address, *with_bucket(s3, tmp_path)]
        one, two = serve("redis", *options), serve("redis", *options)
        assert ask(one, "POST", AT, RED)[0] == 201
        assert ask(two, "POST", AT, RED)[0] == 200
        assert ask(two, "GET", f"{AT}/{RED_NAME}") == (200, RED)
        assert s3.objects()[f"wb/assets/b/{RED_NAME}"] == RED
        assert ask(two, "DELETE", "/api/boards/b")[0] == 204
        assert set(s3.objects()) == {"wb/~probe"}


async def test_a_bucket_that_is_away(serve: Serve, s3: S3Process, tmp_path: Path) -> None:
    """Pictures wait, boards do not: 503, and it goes on by itself; the log names bucket and endpoint. [HTTP-13]"""
    server = serve("memory", *with_bucket(s3, tmp_path))
    assert ask(server, "POST", AT, RED)[0] == 201
    s3.kill()
    status, body = ask(server, "POST", AT, png(9))
    assert (status, b"storage_unavailable" in body) == (503, True)
    assert ask(server, "GET", f"{AT}/{RED_NAME}")[0] == 503
    found: Json = await server.board("b")
    assert found["elements"] == []
    assert ask(server, "GET", "/readyz")[0] == 200
    assert f"S3 bucket {BUCKET} at {s3.endpoint}: no answer" in server.log
    s3.start(verifies=False)
    assert ask(server, "POST", AT, RED)[0] == 201
    assert "blobs_regained" in server.log


async def test_several_servers_without_a_bucket_keep_no_pictures(serve: Serve, tmp_path: Path) -> None:
    """They say so; all else works. [HTTP-23]"""
    with redis_running(tmp_path) as redis:
        server = serve("redis", "--redis-addr", redis.address)
        status, body = ask(server, "POST", AT, RED)
        assert (status, b"no_blob_store" in body, b"s3.bucket" in body) == (501, True, True)
