"""What docs/plugins.md and the interfaces promise in numbers and names is what the code has."""

import re
from pathlib import Path

from plugins.hooks import Hook

from whiteboard import limits, timeouts
from whiteboard.config import OPTIONS
from whiteboard.config.installed import PERMISSIONS, STORAGE
from whiteboard.diagnostics.logs import EVENTS
from whiteboard.plugins import permissions, storage
from whiteboard.plugins.guard import Guard

TEXT = " ".join((Path(__file__).parents[2] / "docs" / "plugins.md").read_text().split())


def test_the_numbers_are_those_of_the_registries() -> None:
    """Deadlines, patience, threads and bounds."""
    for promise in (
        f"{timeouts.HOOK_ENTER.seconds:g} s for `enter`, {timeouts.HOOK_OP.seconds:g} s for `change`",
        f"late {limits.HOOK_PATIENCE} times in a row | it is left alone for {timeouts.HOOK_PAUSE.seconds:g} s",
        f"in this order, at most {limits.MAX_PERMISSION_HOOKS};",
        f"once in {timeouts.HOOK_LOG.seconds:g} s at most",
        f"one of {limits.HOOK_THREADS} threads of its own",
        f"At most {limits.MAX_PLUGIN_OPTIONS} of at most {limits.MAX_PLUGIN_OPTION_CHARS:,} characters each",
    ):
        assert promise in TEXT
    assert timeouts.HOOK_AGAIN.seconds == 60
    assert "asked again about each session every minute" in TEXT
    interface = " ".join((permissions.__doc__ or "").split())
    for name, value in (
        ("HOOK_ENTER", f"{timeouts.HOOK_ENTER.seconds:g} s"),
        ("HOOK_OP", f"{timeouts.HOOK_OP.seconds:g} s"),
        ("HOOK_PATIENCE", f"{limits.HOOK_PATIENCE}"),
        ("HOOK_PAUSE", f"{timeouts.HOOK_PAUSE.seconds:g} s"),
        ("HOOK_THREADS", f"{limits.HOOK_THREADS}"),
    ):
        assert f"{name} ({value})" in interface


def test_the_names_are_those_of_the_code() -> None:
    """Settings, groups, counts, events, and the number of the interfaces."""
    settings = [
        one.key for one in OPTIONS if one.key == "mode" or "permission" in one.key or "storage" in one.key
    ]
    for name in (*settings, STORAGE, PERMISSIONS):
        assert f"`{name}`" in TEXT
    for count in Guard([("it", Hook())]).counts():
        assert f"`{count}`" in TEXT or f"`{count.removeprefix('permission')}`" in TEXT
    events = {name for name in EVENTS if name.startswith("permission_")}
    assert events <= set(re.findall(r"`(permission_\w+)`", TEXT))
    assert storage.INTERFACE == permissions.INTERFACE == 1
    assert "interface = 1 " in TEXT
