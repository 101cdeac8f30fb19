"""The interface of storage plugins: how an installed adapter is opened. Its promises are those of `whiteboard.storage.ports`.

What an adapter of ours has to keep, one of yours has to keep as well, and `whiteboard.testing` is how both show it.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol

from whiteboard.storage.ports import Storage

INTERFACE: Final = 1
"""Counts up when the ports change so that an adapter has to as well."""

OpenStorage = Callable[[], AbstractAsyncContextManager[Storage]]
"""Opens the storage; called once. It is open inside the block, and every call after it raises StorageUnavailable.

The block may hold nurseries of its own; what it raises on its way in keeps the server from starting. It is left by
cancellation too.
"""


class StoragePlugin(Protocol):
    """What an entry point of the group `whiteboard.storage` resolves to."""

    @property
    def interface(self) -> int:
        """`INTERFACE` of the version that the plugin was written for."""

    def configure(self, options: Mapping[str, str]) -> OpenStorage:
        """How to open the storage that these options describe. Touches nothing: `check-config` calls it too.

        Args:
            options: the setting `storage_options`, values as texts; `whiteboard.plugins.options` helps to read them.

        Raises:
            ConfigError: with every problem of the options.
        """
