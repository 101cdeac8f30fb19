"""Which plugins are installed beside the server, by name. Imports none of them.

A plugin is an entry point of one of these groups, in whatever package; what it resolves to says `whiteboard.plugins`.
"""

from importlib.metadata import EntryPoint, entry_points
from typing import Final

STORAGE: Final = "whiteboard.storage"
"""Group of the storage adapters."""
PERMISSIONS: Final = "whiteboard.permissions"
"""Group of the permission hooks."""


def names_of(group: str) -> list[str]:
    """Names of the installed plugins of a group, sorted, each once."""
    return sorted({point.name for point in entry_points(group=group)})


def points_of(group: str, name: str) -> list[EntryPoint]:
    """The entry points of that name; more than one when two packages brought the same."""
    return list(entry_points(group=group, name=name))
