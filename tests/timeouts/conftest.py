"""What rooms need on a virtual clock."""

from rooms.conftest import without_threads

__all__ = ["without_threads"]
