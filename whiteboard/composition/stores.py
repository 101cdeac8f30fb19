"""Where boards, pictures, archives and metadata are kept, as the settings ask for it.

Libraries that only one mode or setting needs are imported when it is asked for.
"""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whiteboard.config import Mode, PostgresDsn, S3Settings, Secret, Settings
from whiteboard.errors import ConfigError, StartupError, how_to_add
from whiteboard.plugins.loading import configure_storage
from whiteboard.storage.archive import Archive
from whiteboard.storage.blob_archive import BlobArchive
from whiteboard.storage.blobs import Blobs
from whiteboard.storage.files import open_files
from whiteboard.storage.memory import open_memory
from whiteboard.storage.memory_blobs import open_memory_blobs
from whiteboard.storage.memory_metadata import open_memory_metadata
from whiteboard.storage.metadata import KeepsMetadata, Metadata
from whiteboard.storage.ports import Storage
from whiteboard.storage.sqlite import open_sqlite

if TYPE_CHECKING:
    from whiteboard.storage.postgres import Postgres

StorageOn = Callable[[Archive | None], AbstractAsyncContextManager[Storage]]
"""Opens the storage of boards, with the archive that old ops go to, if there is one."""


@dataclass(frozen=True, slots=True)
class Stores:
    """All that is open while a process serves."""

    storage: Storage
    metadata: Metadata
    blobs: Blobs | None
    """Where pictures are; None where nobody keeps them."""


@asynccontextmanager
async def open_stores(
    settings: Settings, open_storage: StorageOn, *, is_shared: bool = False
) -> AsyncIterator[Stores]:
    """Everything in which something is kept.

    Args:
        is_shared: whether other processes of this server have it open too.

    Raises StartupError.
    """
    async with (
        blobs_of(settings, is_shared=is_shared) as blobs,
        postgres_of(settings) as postgres,
        open_storage(archive_of(settings, blobs, postgres)) as storage,
        _metadata_of(storage, postgres) as metadata,
    ):
        yield Stores(storage, metadata, blobs)


def storage_of(settings: Settings, lease: int | None = None) -> StorageOn:
    """How to open the storage that the settings ask for; with a worker's `lease` on it, if there is one.

    Raises ConfigError and StartupError, as far as they can be told without opening it.
    """
    if isinstance(settings.mode, Mode) and settings.storage_options:
        # An option that nobody reads is a mistake that would stay unnoticed.
        raise ConfigError([f"storage_options: given, but the mode {settings.mode} takes none"])
    match settings.mode:
        case Mode.MEMORY:
            return lambda _: open_memory()
        case Mode.SQLITE:
            return lambda _: open_sqlite(settings.data, lease=lease)
        case Mode.REDIS:
            return lambda archive: _open_redis(settings, archive)
        case name:
            open_plugin = configure_storage(name, settings.storage_options)
            return lambda _: open_plugin()


def _open_redis(settings: Settings, archive: Archive | None) -> AbstractAsyncContextManager[Storage]:
    from whiteboard.storage.redis import ArchivePolicy, open_redis  # noqa: PLC0415 - see the module docstring

    redis, times = settings.redis, settings.archive
    return open_redis(
        redis.addr,
        password=None if redis.password is None else redis.password.reveal(),
        prefix=redis.prefix,
        archive=archive,
        policy=ArchivePolicy.of(every=times.every, cold_after=times.cold_after),
    )


def archive_of(settings: Settings, blobs: Blobs | None, postgres: "Postgres | None") -> Archive | None:
    """Where old ops and cold boards of the redis mode go: bodies to the bucket, what there is to PostgreSQL.

    With one of the two it has all; with none, Redis keeps everything.
    """
    if settings.mode is not Mode.REDIS:
        return None
    if postgres is not None:
        from whiteboard.storage.postgres import PostgresArchive  # noqa: PLC0415 - see the module docstring

        return PostgresArchive(postgres.pool, blobs)
    return None if blobs is None else BlobArchive(blobs)


# --- pictures -----------------------------------------------------------------------------------
def blobs_of(settings: Settings, *, is_shared: bool = False) -> AbstractAsyncContextManager[Blobs | None]:
    """Where pictures go: the bucket; else what the mode has; nowhere where several servers would each have their own.

    Args:
        is_shared: whether other processes of this server have them too.

    Raises StartupError when a library is missing.
    """
    s3 = settings.s3
    if s3.bucket is not None:
        return _open_bucket(s3, s3.bucket)
    match settings.mode:
        case Mode.MEMORY:
            return open_memory_blobs()
        case Mode.SQLITE:
            return open_files(settings.data / "blobs", is_shared=is_shared)
        case _:
            return nullcontext()


def _open_bucket(s3: S3Settings, bucket: str) -> AbstractAsyncContextManager[Blobs]:
    try:
        from whiteboard.storage.s3 import open_s3  # noqa: PLC0415 - see the module docstring
    except ModuleNotFoundError as error:
        raise missing_extra("s3.bucket", error) from error
    return open_s3(
        bucket,
        endpoint=s3.endpoint,
        region=s3.region,
        prefix=s3.prefix,
        access_key=s3.access_key,
        secret_key=None if s3.secret_key is None else s3.secret_key.reveal(),
    )


# --- metadata -----------------------------------------------------------------------------------
@asynccontextmanager
async def _metadata_of(storage: Storage, postgres: "Postgres | None") -> AsyncIterator[Metadata]:
    """What is known about the boards: in PostgreSQL, beside them, or in this process's memory."""
    if postgres is not None:
        yield postgres.metadata
    elif isinstance(storage, KeepsMetadata):
        yield storage.metadata
    else:
        async with open_memory_metadata(clock_ms) as metadata:
            yield metadata


def postgres_of(settings: Settings) -> "AbstractAsyncContextManager[Postgres | None]":
    """The PostgreSQL database of the settings, if they name one. Raises StartupError."""
    dsn, password = settings.postgres.dsn, settings.postgres.password
    return nullcontext() if dsn is None else open_postgres_of(dsn, password)


def open_postgres_of(dsn: PostgresDsn, password: Secret | None) -> "AbstractAsyncContextManager[Postgres]":
    """A PostgreSQL database. Raises StartupError when its client is not installed."""
    try:
        from whiteboard.storage.postgres import open_postgres  # noqa: PLC0415 - see the module docstring
    except ImportError as error:
        raise missing_extra("postgres.dsn", error) from error
    return open_postgres(dsn.reveal(), password=None if password is None else password.reveal())


def missing_extra(setting: str, error: ImportError, extra: str = "cluster") -> StartupError:
    """What a server says whose setting needs a library that is not there."""
    return StartupError(f"{setting} needs {error.name}: {how_to_add(extra)}")


def clock_ms() -> int:
    """The server's clock: milliseconds since 1970."""
    return time.time_ns() // 1_000_000
