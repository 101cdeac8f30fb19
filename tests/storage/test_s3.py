"""What the bucket's adapter does about the network, keys and complaints; what it promises is in the contract."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import trio
from integration.polling import until
from services.s3_process import BUCKET, REGION, S3Process, s3_running
from structlog.testing import capture_logs

from whiteboard import limits, timeouts
from whiteboard.errors import StorageUnavailable
from whiteboard.storage.blobs import BlobInfo, Blobs
from whiteboard.storage.s3 import open_s3

pytestmark = pytest.mark.integration

SOON = 1.0


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Process]:
    """A server that no test stops."""
    with s3_running(tmp_path_factory.mktemp("s3")) as running:
        yield running


@pytest.fixture
def own(tmp_path: Path) -> Iterator[S3Process]:
    """A server of the test's own."""
    with s3_running(tmp_path) as running:
        yield running


@contextmanager
def impatience() -> Iterator[None]:
    """What is opened meanwhile has a deadline that a test can wait for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timeouts, "S3_ANSWER", replace(timeouts.S3_ANSWER, seconds=SOON))
        patch.setattr(timeouts, "S3_RETRY", replace(timeouts.S3_RETRY, seconds=SOON))
        yield


async def serves(blobs: Blobs) -> bool:
    """Whether the store answers in time."""
    try:
        await blobs.get("a")
    except StorageUnavailable:
        return False
    return True


def opened(
    s3: S3Process,
    *,
    bucket: str = BUCKET,
    prefix: str = "",
    access_key: str | None = None,
    secret_key: str | None = None,
) -> AbstractAsyncContextManager[Blobs]:
    """The adapter, with the server's own keys unless others are given."""
    return open_s3(
        bucket,
        endpoint=s3.endpoint,
        region=REGION,
        prefix=prefix,
        access_key=access_key or s3.access_key,
        secret_key=secret_key or s3.secret_key,
    )


async def test_names_are_keys_below_the_prefix(own: S3Process) -> None:
    """Another client finds them there; keys of others, and those that are no name of a blob, are not shown."""
    async with opened(own, prefix="our/boards") as ours, opened(own) as all_of_it:
        await ours.put("a/b", b"1")
        await ours.probe()
        await all_of_it.put("our/boards-too/a", b"2")
        assert own.objects() == {
            "our/boards/a/b": b"1",
            "our/boards/~probe": b"ok",
            "our/boards-too/a": b"2",
            "~probe": b"ok",
        }
        assert await ours.page("", 10) == [BlobInfo("a/b", 1)]
        assert [info.name for info in await all_of_it.page("our/", 10)] == [
            "our/boards-too/a",
            "our/boards/a/b",
        ]


async def test_the_keys_may_stand_in_the_environment(
    shared: S3Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without keys in the settings the usual variables count."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", shared.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", shared.secret_key)
    async with open_s3(BUCKET, endpoint=shared.endpoint, region=REGION) as blobs:
        await blobs.put("by/environment", b"1")
        assert await blobs.get("by/environment") == b"1"


async def test_keys_of_the_settings_are_not_mixed_with_the_environment(
    shared: S3Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session's token of other keys does not spoil ours."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "of-somebody-else")
    async with opened(shared, prefix="mixed") as blobs:
        await blobs.put("a", b"1")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"bucket": "no-such-bucket"}, "NoSuchBucket"),
        ({"secret_key": "wrong-secret-wrong-secret"}, "SignatureDoesNotMatch"),
        ({"access_key": "AKIANOBODYNOBODY", "secret_key": "x" * 40}, "InvalidAccessKeyId"),
    ],
)
async def test_a_store_that_refuses_us(shared: S3Process, given: dict[str, str], told: str) -> None:
    """Every call says which bucket, at which endpoint, and what the store said; the log does once, at the start."""
    place = f"S3 bucket {given.get('bucket', BUCKET)} at {shared.endpoint}: "
    with capture_logs() as events:
        async with opened(shared, **given) as blobs:
            await until(lambda: bool(events))
            for call in (
                lambda: blobs.put("a", b"1"),
                lambda: blobs.get("a"),
                lambda: blobs.page("", 1),
                lambda: blobs.delete("a"),
                blobs.probe,
            ):
                with pytest.raises(StorageUnavailable, match=told) as refused:
                    await call()
                assert str(refused.value).startswith(place)
                assert "\n" not in str(refused.value)
            with pytest.raises(StorageUnavailable, match=f"{place}.*(403|{told})"):
                await blobs.size("a")
    assert [event["event"] for event in events] == ["blobs_lost"]
    assert events[0]["reason"].startswith(place)


async def test_a_server_that_is_away_and_comes_back(own: S3Process) -> None:
    """Calls fail within seconds, and work again without anybody's doing once it is there; said once each."""
    with capture_logs() as events:
        async with opened(own) as blobs:
            await blobs.put("a", b"1")
            own.kill()
            for _ in range(2):
                with (
                    trio.fail_after(timeouts.S3_RETRY.seconds),
                    pytest.raises(StorageUnavailable, match="no answer"),
                ):
                    await blobs.get("a")
            own.start(verifies=False)
            assert await blobs.get("a") is None  # its memory went with it
            await blobs.put("a", b"2")
            assert own.objects()["a"] == b"2"
    assert [event["event"] for event in events] == ["blobs_lost", "blobs_regained"]


async def test_a_server_that_stands_still(own: S3Process) -> None:
    """Calls end at the deadline, other tasks go on meanwhile, and it is used again once it moves."""
    ticks = 0

    async def tick(scope: trio.CancelScope) -> None:
        nonlocal ticks
        with scope:
            while True:
                await trio.sleep(0.01)
                ticks += 1

    with impatience():
        async with opened(own) as blobs:
            await until(lambda: serves(blobs))
            own.stall()
            scope = trio.CancelScope()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(tick, scope)
                with pytest.raises(StorageUnavailable, match=f"{own.endpoint}: no answer"):
                    await blobs.put("a", b"1")
                with pytest.raises(StorageUnavailable, match=f"{own.endpoint}: no answer"):
                    await blobs.get("a")
                scope.cancel()
            assert ticks > 10
            own.go_on()
            await until(lambda: serves(blobs))


async def test_an_upload_that_breaks_off_shows_nothing(own: S3Process) -> None:
    """A large body goes in parts; when the store stops in the middle, the old bytes are what there is."""
    body = os.urandom(limits.S3_PART_BYTES) * 16

    async def put(hasty: Blobs) -> None:
        with pytest.raises(StorageUnavailable):
            await hasty.put("big", body)

    async with opened(own) as blobs:
        await blobs.put("big", b"old")
        with impatience():
            async with opened(own) as hasty, trio.open_nursery() as nursery:
                nursery.start_soon(put, hasty)
                await until(lambda: own.uploads() > 0)
                own.stall()
        own.go_on()
        assert await blobs.get("big") == b"old"
        await blobs.put("big", body[: 3 * limits.S3_PART_BYTES])
        assert await blobs.get("big") == body[: 3 * limits.S3_PART_BYTES]


NO_UPLOAD = b"<Error><Code>NoSuchUpload</Code><Message>The upload does not exist.</Message></Error>"
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: %d\r\n\r\n%s" % (len(NO_UPLOAD), NO_UPLOAD)


@asynccontextmanager
async def forgetful(own: S3Process, *, is_done: bool) -> AsyncIterator[str]:
    """The endpoint of a store that knows of no upload any more when its parts are to be put together, done or not."""

    async def carry(client: trio.SocketStream) -> None:
        server = await trio.open_tcp_stream("127.0.0.1", own.port)
        is_last = False

        async def back() -> None:
            async for data in server:
                if not is_last:
                    await client.send_all(data)

        async with client, server, trio.open_nursery() as nursery:
            nursery.start_soon(back)
            async for data in client:
                is_last = is_last or (data.startswith(b"POST ") and b"uploadId=" in data)
                if is_done or not is_last:
                    await server.send_all(data)
                if is_last:
                    await until(lambda: not is_done or own.uploads() == 0)
                    await client.send_all(NOT_FOUND)
                    break
            nursery.cancel_scope.cancel()

    async def carry_any(client: trio.SocketStream) -> None:
        try:
            await carry(client)
        except* (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # the client had enough

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, carry_any, 0, host="127.0.0.1"))
        yield f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}"
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("is_done", [True, False])
async def test_an_upload_that_the_store_does_not_know(own: S3Process, is_done: bool) -> None:
    """What the store has put together is stored, though it said so to nobody and knows of no upload when it is asked again."""
    body = os.urandom(limits.S3_PART_BYTES) * 2
    keys = {"access_key": own.access_key, "secret_key": own.secret_key}
    async with (
        forgetful(own, is_done=is_done) as endpoint,
        open_s3(BUCKET, endpoint=endpoint, region=REGION, **keys) as blobs,
    ):
        if is_done:
            await blobs.put("big", body)
            assert await blobs.get("big") == body
        else:
            with pytest.raises(StorageUnavailable, match="NoSuchUpload"):
                await blobs.put("big", body)
            assert await blobs.get("big") is None


async def test_a_large_read_is_of_one_version(own: S3Process) -> None:
    """While a large blob is replaced, a read gives one of the two bodies and never a part of each."""
    bodies = [bytes([number]) * (3 * limits.S3_PART_BYTES) for number in range(2)]
    async with opened(own) as blobs:
        await blobs.put("big", bodies[0])
        async with trio.open_nursery() as nursery:
            nursery.start_soon(blobs.put, "big", bodies[1])
            for _ in range(3):
                assert await blobs.get("big") in bodies


async def test_a_store_that_is_not_there_is_not_waited_for() -> None:
    """Opening goes on without it; each call says what it missed."""
    async with open_s3(BUCKET, endpoint="http://127.0.0.1:1", access_key="k", secret_key="s") as blobs:
        with pytest.raises(StorageUnavailable, match=r"S3 bucket boards at http://127.0.0.1:1: no answer"):
            await blobs.probe()
