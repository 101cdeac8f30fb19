"""A site with a small page."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from web.stand_ins import Probe, Site, StoredRooms

from whiteboard.config import Settings
from whiteboard.diagnostics.sampling import open_sampling
from whiteboard.storage.memory import open_memory
from whiteboard.storage.memory_blobs import open_memory_blobs
from whiteboard.storage.memory_metadata import open_memory_metadata

INDEX = '<!doctype html><html lang="{{lang}}"><base href="{{base}}/"><script src="{{assets}}/js/main.js">'


@pytest.fixture
def page_root(tmp_path: Path) -> Path:
    """A folder with a page in it."""
    root = tmp_path / "page"
    (root / "js").mkdir(parents=True)
    (root / "index.html").write_text(INDEX)
    (root / "debug.html").write_text(INDEX)
    (root / "js" / "main.js").write_text("export const x = 1;\n" * 50)
    (root / "dot.png").write_bytes(b"\x89PNG")
    (root / ".hidden.js").write_text("no")
    (root / "notes.md").write_text("no")
    return root


@pytest.fixture
async def site(page_root: Path) -> AsyncIterator[Site]:
    """An app over an empty memory storage."""
    async with (
        open_memory() as storage,
        open_memory_metadata() as metadata,
        open_memory_blobs() as blobs,
        open_sampling(Settings().rates, "prod") as sampling,
    ):
        yield Site(storage, metadata, blobs, StoredRooms(storage), Probe(), page_root, sampling)
