"""The promises of `whiteboard.storage.blobs.Blobs`, one test each, for every adapter.

```python
class TestMine(BlobsContract):
    @pytest.fixture
    def open_blobs(self) -> OpenBlobs:
        return lambda: open_my_store("a place that nobody else uses")
```

Each call of `open_blobs()` gives an empty store; two that are open at a time do not see each other. Knows the port only.
"""

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import pytest
import trio

from whiteboard import limits
from whiteboard.errors import StorageUnavailable
from whiteboard.storage.blobs import BlobInfo, Blobs

OpenBlobs = Callable[[], AbstractAsyncContextManager[Blobs]]

BAD_NAMES = [
    "",
    "/",
    "/a",
    "a/",
    "a//b",
    ".",
    "..",
    "../a",
    "a/../b",
    "a/./b",
    "a/..",
    "a b",
    "a\x00",
    "a\n",
    "~a",
    "画",
    "a\\b",
    "x" * 256,
    "/".join(["x" * 200] * 4),
]


class BlobsContract:
    """The whole port. A subclass gives the fixture `open_blobs`."""

    @pytest.fixture
    async def blobs(self, open_blobs: OpenBlobs) -> AsyncIterator[Blobs]:
        """An empty store."""
        async with open_blobs() as opened:
            yield opened

    async def test_what_was_put_comes_back(self, blobs: Blobs) -> None:
        """The same bytes, of any kind, with their size."""
        bodies = [b"x", b"\x00\xff" * 1000, "画".encode(), secrets.token_bytes(300_000)]
        for number, body in enumerate(bodies):
            await blobs.put(f"a/{number}", body)
        assert [await blobs.get(f"a/{number}") for number in range(4)] == bodies
        assert [await blobs.size(f"a/{number}") for number in range(4)] == [len(body) for body in bodies]

    async def test_an_empty_blob_is_a_blob(self, blobs: Blobs) -> None:
        """No bytes are something else than no blob."""
        await blobs.put("empty", b"")
        assert await blobs.get("empty") == b""
        assert await blobs.size("empty") == 0
        assert await blobs.page("", 10) == [BlobInfo("empty", 0)]

    async def test_what_is_not_there(self, blobs: Blobs) -> None:
        """None, also for what lies above or below a name; and asking leaves nothing behind."""
        assert await blobs.get("a/b") is None
        await blobs.put("a/b", b"1")
        for name in ("a", "a/b/c", "a/c", "b"):
            assert await blobs.get(name) is None
            assert await blobs.size(name) is None
        assert await blobs.page("", 10) == [BlobInfo("a/b", 1)]

    async def test_a_second_put_replaces_the_first(self, blobs: Blobs) -> None:
        """One blob for one name, with the bytes of the last put."""
        await blobs.put("a", b"first")
        await blobs.put("a", b"second one")
        assert await blobs.get("a") == b"second one"
        assert await blobs.page("", 10) == [BlobInfo("a", 10)]

    async def test_a_deleted_blob_is_gone(self, blobs: Blobs) -> None:
        """Only that one; deleting what is not there is nothing; its name can be used again, also one below it."""
        for name in ("a/b", "a/c"):
            await blobs.put(name, b"1")
        await blobs.delete("a/b")
        await blobs.delete("a/b")
        for name in ("never", "a", "a/c/d"):
            await blobs.delete(name)
        assert await blobs.get("a/b") is None
        assert await blobs.size("a/b") is None
        assert await blobs.page("", 10) == [BlobInfo("a/c", 1)]
        await blobs.put("a/b/c", b"2")
        assert await blobs.get("a/b/c") == b"2"

    async def test_names_are_listed_in_order_of_bytes(self, blobs: Blobs) -> None:
        """Whatever lies between the parts: `-` and `.` come before `/`, capitals before `_` and small letters."""
        names = [
            "a-b",
            "a.b",
            "a/b",
            "a/b-c",
            "a/b.c",
            "a0",
            "aZ",
            "a_b",
            "aa",
            "B",
            "0/1/2",
            "-",
            ".x",
            "a/c/d",
        ]
        for name in names:
            await blobs.put(name, b"")
        assert [info.name for info in await blobs.page("", 100)] == sorted(names)

    async def test_a_prefix_is_a_beginning_of_names(self, blobs: Blobs) -> None:
        """It may end anywhere: within a part, at a `/`, with a whole name."""
        names = ["a/b", "a/bc", "a/b-d", "a/c", "ab", "b", "a/b0/x", "a/bZ", "-a/b", "a/-x", "_", "a/_x"]
        for name in names:
            await blobs.put(name, b"")
        for prefix in (
            "",
            "a",
            "a/",
            "a/b",
            "a/bc",
            "a/b0",
            "a/b0/",
            "a/b0/x",
            "-",
            "-a",
            "a/-",
            "_",
            "a/_",
            "c",
            "a/bb",
        ):
            found = [info.name for info in await blobs.page(prefix, 100)]
            assert found == sorted(name for name in names if name.startswith(prefix)), prefix
        for prefix in ("/", "a//", "../", "a/../", "./a", "a b", "画/", "~"):
            assert await blobs.page(prefix, 100) == [], prefix

    async def test_pages_go_on_after_a_name(self, blobs: Blobs) -> None:
        """Pages of any size, put together, are the whole list; `after` need not be there, nor have the prefix."""
        names = sorted(
            f"{folder}/{name}" for folder in ("a", "b", "b-c") for name in ("1", "2", "3.x", "deep/er")
        )
        for name in names:
            await blobs.put(name, b"")
        for limit in (1, 3, 5):
            found: list[str] = []
            while page := await blobs.page("", limit, found[-1] if found else None):
                assert len(page) <= limit
                found += [info.name for info in page]
            assert found == names
        for after in ("a", "a/", "a/2", "a/2x", "b/deep", "b0", "zz", "-", "~", "../b", "画"):
            wanted = [name for name in names if name.startswith("b") and name > after]
            assert [info.name for info in await blobs.page("b", 100, after)] == wanted, after

    async def test_more_than_a_page(self, blobs: Blobs) -> None:
        """A page of the largest size is full, and the next one has the rest."""
        names = [f"many/{number:05}" for number in range(limits.MAX_BLOB_PAGE + 5)]
        async with trio.open_nursery() as nursery:
            for name in names:
                nursery.start_soon(blobs.put, name, b"x")
        first = await blobs.page("many/", limits.MAX_BLOB_PAGE)
        rest = await blobs.page("many/", limits.MAX_BLOB_PAGE, first[-1].name)
        assert [info.name for info in [*first, *rest]] == names
        assert len(rest) == 5

    @pytest.mark.parametrize("name", BAD_NAMES)
    async def test_what_is_no_name_is_refused(self, blobs: Blobs, name: str) -> None:
        """ValueError by each method that takes one, and nothing is stored."""
        with pytest.raises(ValueError, match="is no name of a blob"):
            await blobs.put(name, b"1")
        for ask in (blobs.get, blobs.size, blobs.delete):
            with pytest.raises(ValueError, match="is no name of a blob"):
                await ask(name)
        assert await blobs.page("", 10) == []

    async def test_the_longest_name(self, blobs: Blobs) -> None:
        """MAX_BLOB_NAME_CHARS characters in parts of MAX_BLOB_PART_CHARS are a name like any other."""
        part, most = "x" * limits.MAX_BLOB_PART_CHARS, limits.MAX_BLOB_NAME_CHARS
        name = "/".join([part] * (most // len(part) + 1))[:most].rstrip("/")
        await blobs.put(name, b"1")
        assert await blobs.get(name) == b"1"
        assert await blobs.page(name[:300], 2) == [BlobInfo(name, 1)]
        await blobs.delete(name)
        assert await blobs.page("", 2) == []

    @pytest.mark.parametrize("limit", [0, -1, limits.MAX_BLOB_PAGE + 1])
    async def test_a_page_of_no_size_is_refused(self, blobs: Blobs, limit: int) -> None:
        """ValueError."""
        with pytest.raises(ValueError, match="a page has 1 to"):
            await blobs.page("", limit)

    async def test_a_blob_at_the_bound(self, blobs: Blobs) -> None:
        """MAX_BLOB_BYTES come back as they were; one byte more is refused, and what was there stays."""
        ends = secrets.token_bytes(1000)
        body = ends + bytes(limits.MAX_BLOB_BYTES - 2 * len(ends)) + ends
        await blobs.put("big", body)
        assert await blobs.size("big") == len(body)
        assert await blobs.get("big") == body
        with pytest.raises(ValueError, match="a blob has at most"):
            await blobs.put("big", body + b"x")
        assert await blobs.size("big") == len(body)
        await blobs.delete("big")
        assert await blobs.get("big") is None

    async def test_readers_find_one_put_or_another(self, blobs: Blobs) -> None:
        """While a blob is replaced again and again, every read gives one of the bodies, whole."""
        bodies = [bytes([number]) * 200_000 for number in range(6)]
        await blobs.put("a", bodies[0])
        read: list[bytes | None] = []

        written = trio.Event()

        async def write() -> None:
            for body in bodies:
                await blobs.put("a", body)
            written.set()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(write)
            while not written.is_set():
                read.append(await blobs.get("a"))
        assert set(read) <= set(bodies)
        assert await blobs.get("a") == bodies[-1]

    async def test_many_at_once(self, blobs: Blobs) -> None:
        """Puts, reads and deletions of many tasks do not get into each other's way, in one folder either."""

        async def work(number: int) -> None:
            name, body = f"many/{number % 3}/{number}", b"%d" % number
            await blobs.put(name, body)
            assert await blobs.get(name) == body
            await blobs.delete(name)
            assert await blobs.get(name) is None
            await blobs.put(name, body)

        async with trio.open_nursery() as nursery:
            for number in range(24):
                nursery.start_soon(work, number)
        assert len(await blobs.page("many/", 100)) == 24

    @pytest.mark.parametrize("checkpoints", range(6))
    async def test_a_cancelled_put_was_done_or_not(self, blobs: Blobs, checkpoints: int) -> None:
        """Wherever it is cancelled: the old bytes or the new ones are there, and it can be repeated."""
        old, new = b"old" * 1000, b"new" * 50_000
        await blobs.put("a", old)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_cancel_after, checkpoints, nursery.cancel_scope)
            await blobs.put("a", new)
        assert await blobs.get("a") in (old, new)
        await blobs.put("a", new)
        assert await blobs.get("a") == new
        assert [info.name for info in await blobs.page("", 10)] == ["a"]

    async def test_a_probe_leaves_nothing(self, blobs: Blobs) -> None:
        """It writes, reads, and no list shows it."""
        await blobs.probe()
        await blobs.probe()
        assert await blobs.page("", 10) == []

    async def test_every_method_checkpoints(self, blobs: Blobs) -> None:
        """Called in a cancelled scope, each of them is cancelled, and puts nothing that was not asked for."""
        for method in (
            lambda: blobs.put("a", b"1"),
            lambda: blobs.get("a"),
            lambda: blobs.size("a"),
            lambda: blobs.page("", 1),
            lambda: blobs.delete("a"),
            blobs.probe,
        ):
            with trio.CancelScope() as scope:
                scope.cancel()
                await method()
            assert scope.cancelled_caught

    async def test_a_closed_store_does_nothing(self, open_blobs: OpenBlobs) -> None:
        """Everything raises StorageUnavailable."""
        async with open_blobs() as blobs:
            await blobs.put("a", b"1")
        with pytest.raises(StorageUnavailable):
            await blobs.put("a", b"1")
        with pytest.raises(StorageUnavailable):
            await blobs.page("", 1)
        for ask in (blobs.get, blobs.size, blobs.delete):
            with pytest.raises(StorageUnavailable):
                await ask("a")
        with pytest.raises(StorageUnavailable):
            await blobs.probe()

    async def test_two_stores_are_two(self, open_blobs: OpenBlobs) -> None:
        """What is put into one place is not in another."""
        async with open_blobs() as one, open_blobs() as two:
            await one.put("a", b"1")
            assert await two.get("a") is None
            assert await two.page("", 10) == []


async def _cancel_after(checkpoints: int, scope: trio.CancelScope) -> None:
    for _ in range(checkpoints):
        await trio.lowlevel.checkpoint()
    scope.cancel()
