"""From a plugin's name to the open plugin, with everything that can be wrong on the way told in a sentence.

Imports what was asked for and nothing else. A plugin's own StartupError and ConfigError pass as they are; whatever else it raises
while it is imported, configured or opened becomes one that names it.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, Final, TypeVar

from whiteboard.config import PluginName, PluginOptions
from whiteboard.config.installed import PERMISSIONS, STORAGE, points_of
from whiteboard.errors import ConfigError, StartupError, WhiteboardError
from whiteboard.plugins import permissions, storage
from whiteboard.plugins.guard import Guard
from whiteboard.plugins.permissions import OpenHook
from whiteboard.plugins.storage import OpenStorage
from whiteboard.storage.ports import Durability, Storage

Opened = TypeVar("Opened")

_INTERFACES: Final = {STORAGE: storage.INTERFACE, PERMISSIONS: permissions.INTERFACE}
_WHAT: Final = {STORAGE: "storage plugin", PERMISSIONS: "permission hook"}
_PORTS: Final = ("op_log", "snapshots", "boards", "bus", "probe")

OpenGuard = Callable[[], AbstractAsyncContextManager[Guard]]


def configure_storage(name: PluginName, options: PluginOptions) -> OpenStorage:
    """How to open an installed storage with these options. Opens nothing.

    Raises ConfigError for options that it does not take, StartupError for a plugin that is of no use.
    """
    given = {option.key: option.value for option in options}
    open_it: OpenStorage = _configure(STORAGE, name, given, "storage_options")
    return lambda: _open_storage(name, open_it)


def configure_guard(names: Sequence[PluginName], options: PluginOptions) -> OpenGuard:
    """How to open these permission hooks, in this order. Opens nothing. Raises as `configure_storage`."""
    strangers = [f"permission_options: {option.key}: expected the name of a chosen hook, a dot and an option"
                 for option in options if option.key.partition(".")[0] not in names]  # fmt: skip
    if strangers:
        raise ConfigError(strangers)
    hooks: list[tuple[str, OpenHook]] = []
    for name in names:
        prefix = f"{name}."
        own = {one.key.removeprefix(prefix): one.value for one in options if one.key.startswith(prefix)}
        hooks.append((name, _configure(PERMISSIONS, name, own, f"permission_options: {name}")))
    return lambda: _open_guard(hooks)


def _configure(group: str, name: str, options: Mapping[str, str], called: str) -> Any:
    """What the plugin's `configure` gives, which can be called."""
    what = f"{_WHAT[group]} {name!r}"
    plugin = _load(group, name, what)
    try:
        open_it = plugin.configure(options)
    except ConfigError as error:
        raise ConfigError([f"{called}: {problem}" for problem in error.problems]) from error
    except WhiteboardError:
        raise
    except Exception as error:
        raise StartupError(f"the {what} failed on its options: {_said(error)}") from error
    if not callable(open_it):
        raise StartupError(f"the {what} says nothing that could be opened, but {open_it!r}")
    return open_it


def _load(group: str, name: str, what: str) -> Any:
    """The object that the one entry point of this name resolves to, of the interface that is spoken here."""
    points = points_of(group, name)
    if not points:
        raise ConfigError([f"no {what} is installed"])
    if len(points) > 1:
        packages = ", ".join(sorted(point.dist.name if point.dist else "?" for point in points))
        raise ConfigError([f"more than one package brings a {what}: {packages}; uninstall one"])
    try:
        plugin = points[0].load()
    except Exception as error:
        raise StartupError(f"the {what} ({points[0].value}) cannot be imported: {_said(error)}") from error
    _check_interface(plugin, what, _INTERFACES[group])
    return plugin


def _check_interface(plugin: Any, what: str, spoken: int) -> None:
    written_for = getattr(plugin, "interface", None)
    if type(written_for) is not int or not callable(getattr(plugin, "configure", None)):
        raise StartupError(f"the {what} is none: it has no number `interface` or no function `configure`")
    if written_for != spoken:
        newer = "the server" if written_for > spoken else "the plugin"
        raise StartupError(
            f"the {what} was written for interface {written_for}, this server speaks {spoken}; update {newer}"
        )


@asynccontextmanager
async def _open_storage(name: str, open_it: OpenStorage) -> AsyncIterator[Storage]:
    what = f"storage plugin {name!r}"
    async with _opened(what, open_it) as opened:
        _check_parts(opened, what, _PORTS)
        if not isinstance(opened.op_log.durability, Durability):
            raise StartupError(f"the {what} does not say how durable its log is")
        yield opened


@asynccontextmanager
async def _open_guard(hooks: Iterable[tuple[str, OpenHook]]) -> AsyncIterator[Guard]:
    async with AsyncExitStack() as stack:
        opened = []
        for name, open_it in hooks:
            what = f"permission hook {name!r}"
            hook = await stack.enter_async_context(_opened(what, open_it))
            _check_parts(hook, what, ("enter", "change"))
            opened.append((name, hook))
        yield Guard(opened)


def _check_parts(opened: object, what: str, parts: Iterable[str]) -> None:
    if missing := [part for part in parts if not hasattr(opened, part)]:
        raise StartupError(f"the {what} opened as {type(opened).__name__}, which has no {', '.join(missing)}")


@asynccontextmanager
async def _opened(
    what: str, open_it: Callable[[], AbstractAsyncContextManager[Opened]]
) -> AsyncIterator[Opened]:
    """What the plugin's block gives. What it raises on its way in is its own fault, what comes later passes."""
    async with AsyncExitStack() as stack:
        try:
            opened = await stack.enter_async_context(open_it())
        except WhiteboardError:
            raise
        except Exception as error:
            raise StartupError(f"the {what} did not open: {_said(error)}") from error
        yield opened


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
