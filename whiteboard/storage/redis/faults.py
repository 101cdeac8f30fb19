"""What the errors of Redis, of its client and of the network mean to us."""

from collections.abc import Iterator
from contextlib import contextmanager

import anyio
import trio
from coredis.exceptions import RedisError

from whiteboard import timeouts
from whiteboard.errors import StorageUnavailable


@contextmanager
def translated() -> Iterator[None]:
    """What Redis, its client and the network raise becomes StorageUnavailable."""
    try:
        yield
    except trio.TooSlowError as error:
        raise StorageUnavailable(f"Redis did not answer for {timeouts.REDIS_ANSWER.seconds} s") from error
    except (RedisError, OSError, TimeoutError) as error:
        raise StorageUnavailable(f"Redis does not do it: {error}") from error
    except (anyio.ClosedResourceError, anyio.BrokenResourceError) as error:
        # the client's own tasks were cancelled together with the caller, who still has to clean up
        raise StorageUnavailable("the connection to Redis is closed") from error
