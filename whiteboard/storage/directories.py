"""Directories as file systems keep them, for adapters that write files. Blocks on the disk."""

import os
from pathlib import Path


def sync_names(directory: Path) -> None:
    """Make the names in a directory durable: syncing a file is for its contents only. Raises OSError."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
