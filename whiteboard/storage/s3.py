"""Blobs in a bucket of any S3-compatible store (R32). Knows no other adapter.

The library is obstore (adr/2026-11-27-obstore-for-s3.md): its calls block without holding up other threads, sign
each request, send it again up to S3_RETRIES times, and make new connections by themselves. Here: names and keys,
bodies in parts, what its complaints mean, and the one log line when the store goes and when it comes back.
"""

import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeVar

import obstore
import trio
from obstore.exceptions import BaseError, PreconditionError
from obstore.store import S3Store

from whiteboard import limits, timeouts
from whiteboard.diagnostics import logs
from whiteboard.errors import StartupError, StorageUnavailable
from whiteboard.storage.blobs import BlobInfo, Blobs, check_body, check_name, check_page, is_name
from whiteboard.storage.blocking import run_blocking

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig, S3Config, S3Credential

log = logs.get_logger()

Result = TypeVar("Result")

_PROBE_KEY: Final = "~probe"
"""No blob's name, so that no list shows it."""
_PROBE: Final = b"ok"
_NO_KEY: Final = "NoSuchKey"
_NO_UPLOAD: Final = "NoSuchUpload"
_ALPHABET: Final = "".join(sorted("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"))
_HIGH: Final = "z" * 16
"""Sorts above nearly all that can follow in a name, and means the same to everybody who signs it."""
_CODE: Final = re.compile(r"<Code>([^<]+)</Code>(?:\s*<Message>([^<]*)</Message>)?")
_STATUS: Final = re.compile(r"status code: (\d{3}[^:\n]*)")


class _Bucket:
    """The objects. Blocks on the network. All of it raises OSError and obstore's BaseError."""

    def __init__(self, store: S3Store) -> None:
        self._store = store

    def put(self, name: str, body: bytes) -> None:
        size, count = limits.S3_PART_BYTES, limits.S3_PARTS_AT_ONCE
        try:
            obstore.put(self._store, name, body, chunk_size=size, max_concurrency=count)
        except (BaseError, OSError) as error:
            # Of a request to put the parts together the answer may get lost; sent again, it finds no parts any more.
            if not _says(error, _NO_UPLOAD) or self.get(name) != body:
                raise

    def get(self, name: str) -> bytes | None:
        for _ in range(limits.MAX_TORN_READS):
            try:
                return self._read(name)
            except FileNotFoundError as error:
                if _says(error, _NO_KEY):
                    return None
                raise
            except PreconditionError:  # another one was put in its place
                continue
        raise OSError(f"{name} is being replaced all the time")

    def _read(self, name: str) -> bytes:
        """A body, all of it of one version; a large one in parts, so that each has a deadline of its own."""
        found = obstore.get(self._store, name)
        size, version = found.meta["size"], found.meta["e_tag"]
        if size > limits.MAX_BLOB_BYTES:
            raise OSError(f"{name} has {size} bytes, a blob at most {limits.MAX_BLOB_BYTES}")
        if size <= limits.S3_PART_BYTES:
            return bytes(found.bytes())
        del found  # and with it the connection, on which all of the body would come
        body = bytearray()
        while len(body) < size:
            part = (len(body), min(len(body) + limits.S3_PART_BYTES, size))
            some = obstore.get(self._store, name, options={"range": part, "if_match": version})
            body += some.bytes()
        return bytes(body)

    def size(self, name: str) -> int | None:
        try:
            return obstore.head(self._store, name)["size"]
        except FileNotFoundError:
            # The answer to HEAD has no body that could say whether it is the key or the bucket that is not there.
            found = self.get(name)
            return None if found is None else len(found)

    def page(self, prefix: str, limit: int, after: str | None) -> list[BlobInfo]:
        return list(islice(self._list(prefix, after), limit))

    def _list(self, prefix: str, after: str | None) -> Iterator[BlobInfo]:
        """S3 lists in order of bytes; obstore lists below whole parts of names only, so the rest is done here."""
        above = prefix.rpartition("/")[0] or None
        if above is not None and not is_name(above):
            return  # no name begins so, and the library takes no such path
        start: str | None = max(after or "", _last_before(prefix))
        if start is not None and not is_name(start.rstrip("/")):
            start = None  # then what comes before is passed over here
        for metas in obstore.list(self._store, prefix=above, offset=start, chunk_size=limits.MAX_BLOB_PAGE):
            for meta in metas:
                name = meta["path"]
                if name > prefix and not name.startswith(prefix):
                    return
                if name.startswith(prefix) and is_name(name) and (after is None or name > after):
                    yield BlobInfo(name, meta["size"])

    def delete(self, name: str) -> None:
        try:
            obstore.delete(self._store, name)
        except FileNotFoundError as error:
            if not _says(error, _NO_KEY):
                raise

    def probe(self) -> None:
        self.put(_PROBE_KEY, _PROBE)
        if self.get(_PROBE_KEY) != _PROBE:
            raise OSError("what is written does not come back")


def _last_before(prefix: str) -> str:
    """What sorts below every name with the prefix, and above nearly all of those that come before."""
    if not prefix or prefix.endswith("/"):
        return ""
    place = _ALPHABET.find(prefix[-1])
    return prefix[:-1] + _ALPHABET[place - 1] + _HIGH if place > 0 else ""


def _says(error: Exception, code: str) -> bool:
    """Whether it is the store's own error of this code."""
    found = _CODE.search(str(error))
    return found is not None and found[1] == code


def _reason(error: Exception) -> str:
    """What a complaint comes to, on one line: the store's own words where there are any."""
    text = str(error).partition("\n\nDebug source")[0]
    if found := _CODE.search(text):
        return f"{found[1]}: {found[2]}" if found[2] else found[1]
    if found := _STATUS.search(text):
        return f"it answers {found[1].strip()}"
    return f"no answer ({' '.join(text.split())})"


class _S3Blobs:
    def __init__(self, bucket: _Bucket, where: str) -> None:
        self._bucket = bucket
        self._where = where
        """How complaints name the store."""
        self._threads = trio.CapacityLimiter(limits.BLOB_THREADS)
        self._is_lost = False
        self.is_closed = False

    async def put(self, name: str, body: bytes) -> None:
        check_name(name)
        check_body(body)
        await self._run(partial(self._bucket.put, name, body))

    async def get(self, name: str) -> bytes | None:
        check_name(name)
        return await self._run(partial(self._bucket.get, name))

    async def size(self, name: str) -> int | None:
        check_name(name)
        return await self._run(partial(self._bucket.size, name))

    async def page(self, prefix: str, limit: int, after: str | None = None) -> Sequence[BlobInfo]:
        check_page(limit)
        return await self._run(partial(self._bucket.page, prefix, limit, after))

    async def delete(self, name: str) -> None:
        check_name(name)
        await self._run(partial(self._bucket.delete, name))

    async def probe(self) -> None:
        await self._run(self._bucket.probe)

    async def try_once(self) -> None:
        """Say at the start in the log what would else be said at the first picture."""
        try:
            await self.probe()
        except StorageUnavailable:
            pass  # `_run` has logged it

    async def _run(self, work: Callable[[], Result]) -> Result:
        if self.is_closed:
            await trio.lowlevel.checkpoint()
            raise StorageUnavailable(f"{self._where} is closed")
        try:
            result = await run_blocking(self._threads, work)
        except (BaseError, OSError) as error:
            reason = f"{self._where}: {_reason(error)}"
            self._note(reason)
            raise StorageUnavailable(reason) from error
        self._note(None)
        return result

    def _note(self, reason: str | None) -> None:
        """Log the changes only."""
        if reason is not None and not self._is_lost:
            log.warning("blobs_lost", reason=reason)
        elif reason is None and self._is_lost:
            log.info("blobs_regained", store=self._where)
        self._is_lost = reason is not None


@asynccontextmanager
async def open_s3(
    bucket: str,
    *,
    endpoint: str | None = None,
    region: str | None = None,
    prefix: str = "",
    access_key: str | None = None,
    secret_key: str | None = None,
) -> AsyncIterator[Blobs]:
    """Blobs in a bucket (R32: `--s3-bucket`), which may be shared by several servers.

    A store that is away, or that refuses us, makes every call raise StorageUnavailable until that is over; opening
    does not wait for it. A call that has begun is waited for, also when its caller is cancelled: S3_ANSWER for each
    of its requests, twice that if they are sent again. After the block every call raises StorageUnavailable.

    Args:
        endpoint: `https://HOST:PORT`, or `http://`; None for Amazon's of the region. The bucket goes into the path.
        prefix: before every name, without the `/` between them; `""` for none.
        access_key: with `secret_key`; without them obstore looks into the usual AWS_ variables, and asks the machine.

    Raises StartupError when the arguments cannot be used.
    """
    amazon = "Amazon" if region is None else f"Amazon's {region}"
    place = f"S3 bucket {bucket} at {endpoint or amazon}"
    credential = _credential_of(access_key, secret_key)
    try:
        store = _open_store(bucket, endpoint, region, prefix, credential)
    except (BaseError, ValueError) as error:
        raise StartupError(f"cannot use {place}: {error}") from error
    blobs = _S3Blobs(_Bucket(store), place)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(blobs.try_once, name="s3: first try")
        try:
            yield blobs
        finally:
            blobs.is_closed = True
            nursery.cancel_scope.cancel()


def _credential_of(access_key: str | None, secret_key: str | None) -> "Callable[[], S3Credential] | None":
    """Given as a whole, so that no AWS_SESSION_TOKEN of the environment is mixed with a key that is not its own."""
    if access_key is None or secret_key is None:
        return None
    whole: S3Credential = {
        "access_key_id": access_key,
        "secret_access_key": secret_key,
        "token": None,
        "expires_at": None,
    }
    return lambda: whole


def _open_store(
    bucket: str,
    endpoint: str | None,
    region: str | None,
    prefix: str,
    credential: "Callable[[], S3Credential] | None",
) -> S3Store:
    config: S3Config = {
        "virtual_hosted_style_request": False
    }  # what every store takes, with an endpoint of the environment too
    if endpoint is not None:
        config["endpoint"] = endpoint
    if region is not None:
        config["region"] = region
    client: ClientConfig = {
        "allow_http": (endpoint or "").startswith("http://"),
        "connect_timeout": timedelta(seconds=timeouts.S3_CONNECT.seconds),
        "timeout": timedelta(seconds=timeouts.S3_ANSWER.seconds),
    }
    retry: RetryConfig = {
        "max_retries": limits.S3_RETRIES,
        "retry_timeout": timedelta(seconds=timeouts.S3_RETRY.seconds),
    }
    return S3Store(
        bucket,
        prefix=prefix or None,
        config=config,
        client_options=client,
        retry_config=retry,
        credential_provider=credential,
    )
