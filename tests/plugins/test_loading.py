"""From a name in the settings to an open plugin, or to a sentence that says what is wrong."""

from collections.abc import Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from whiteboard import config
from whiteboard.composition.stores import storage_of
from whiteboard.config import Mode, PluginName, PluginOption, Settings
from whiteboard.config.installed import PERMISSIONS, STORAGE, names_of
from whiteboard.errors import ConfigError, StartupError
from whiteboard.plugins.loading import configure_guard, configure_storage
from whiteboard.plugins.permissions import Role
from whiteboard.serve import guard_of
from whiteboard.storage.memory import open_memory
from whiteboard.testing.permission_samples import visit

Install = Callable[..., None]

STORE = """
from whiteboard.errors import ConfigError
from whiteboard.storage.memory import open_memory
interface = 1
def configure(options):
    if options.get("bad"):
        raise ConfigError(["bad: is bad"])
    return open_memory
"""
HOOK = """
from contextlib import asynccontextmanager
from whiteboard.plugins.permissions import Admission, Role
interface = 1
class Hook:
    change = None
    def __init__(self, options):
        self.options = options
    async def enter(self, visit):
        return Admission(Role(self.options.get("role", "editor")))
def configure(options):
    @asynccontextmanager
    async def opened():
        yield Hook(options)
    return opened
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install a package with one plugin: `install(group, name, source)`."""
    installed = 0

    def add(group: str, name: str, source: str, *, object_: str = "") -> None:
        nonlocal installed
        installed += 1
        folder = tmp_path / f"site-{installed}"
        info = folder / f"pack_{installed}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: pack-{installed}\nVersion: 1.0\n")
        module = f"test_plugin_{tmp_path.name.replace('-', '_')}_{installed}"
        (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {module}{object_}\n")
        (folder / f"{module}.py").write_text(source)
        monkeypatch.syspath_prepend(folder)

    return add


def options(**given: str) -> tuple[PluginOption, ...]:
    """Options of a plugin."""
    return tuple(PluginOption(key.replace("__", "."), value) for key, value in given.items())


async def test_a_storage_is_found_by_its_name(install: Install) -> None:
    """The setting `mode` names it; inside its block it is a storage like ours."""
    install(STORAGE, "shelf", STORE)
    settings = config.load({"mode": "shelf", "storage_options": "a=1"}, {})
    assert settings.mode == PluginName("shelf")
    async with storage_of(settings)(None) as storage:
        await storage.probe()


def test_nothing_is_imported_that_nobody_asked_for(install: Install) -> None:
    """Neither for a mode of ours nor to list what is there."""
    install(STORAGE, "shelf", "raise SystemExit('I was imported')")
    install(PERMISSIONS, "door", "raise SystemExit('I was imported')")
    assert "shelf" in names_of(STORAGE)
    assert config.load({"mode": "memory"}, {}).mode is Mode.MEMORY
    assert guard_of(Settings()) is None


def test_what_is_not_installed_is_told_with_what_is(install: Install) -> None:
    """The complaint lists ours and theirs; names are exact, since they are theirs."""
    install(STORAGE, "shelf", STORE)
    install(PERMISSIONS, "door", HOOK)
    for flags, expected in (
        ({"mode": "Shelf"}, r"--mode: expected memory, sqlite, redis or an installed storage plugin \(.*shelf.*\), got 'Shelf'"),
        ({"permissions": "dor"}, r"--permissions: expected an installed permission hook \(.*door.*\), got 'dor'"),
    ):  # fmt: skip
        with pytest.raises(ConfigError, match=expected):
            config.load(flags, {})


def test_a_name_of_ours_is_nobody_else_s(install: Install) -> None:
    """A plugin that is called like a mode of ours is complained of, not passed over and not taken."""
    install(STORAGE, "SQLite", STORE)
    with pytest.raises(ConfigError, match="has the name of ours"):
        config.load({"mode": "sqlite"}, {})


def test_two_packages_with_one_name(install: Install) -> None:
    """Nobody can tell which is meant."""
    install(STORAGE, "shelf", STORE)
    install(STORAGE, "shelf", STORE)
    with pytest.raises(ConfigError, match=r"pack-1, pack-2"):
        configure_storage(PluginName("shelf"), ())


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("import nothing_of_that_name", r"cannot be imported: ModuleNotFoundError: .*nothing_of"),
        ("1/0", "cannot be imported: ZeroDivisionError"),
        ("x = 1", "has no number `interface`"),
        ("interface = True\ndef configure(options): ...", "has no number `interface`"),
        ("interface = 1", "no function `configure`"),
        (
            "interface = 2\ndef configure(options): ...",
            "interface 2, this server speaks 1; update the server",
        ),
        (
            "interface = 0\ndef configure(options): ...",
            "interface 0, this server speaks 1; update the plugin",
        ),
        ("interface = 1\ndef configure(options): ...", "nothing that could be opened, but None"),
        ("interface = 1\ndef configure(): ...", "failed on its options: TypeError"),
    ],
)
def test_a_plugin_that_is_of_no_use(install: Install, source: str, complaint: str) -> None:
    """One sentence that names it and says what to do, for both kinds."""
    install(STORAGE, "shelf", source)
    install(PERMISSIONS, "door", source)
    with pytest.raises(StartupError, match=rf"storage plugin 'shelf'.*{complaint}"):
        configure_storage(PluginName("shelf"), ())
    with pytest.raises(StartupError, match=rf"permission hook 'door'.*{complaint}"):
        configure_guard([PluginName("door")], ())


def test_an_object_that_is_not_there(install: Install) -> None:
    """The entry point names something that the module does not have."""
    install(STORAGE, "shelf", STORE, object_=":plugin")
    with pytest.raises(StartupError, match="cannot be imported: AttributeError"):
        configure_storage(PluginName("shelf"), ())


def test_bad_options_are_the_settings_fault(install: Install) -> None:
    """What the plugin says of them, below the setting's name; options that nobody reads are one."""
    install(STORAGE, "shelf", STORE)
    install(PERMISSIONS, "door", HOOK)
    for settings, problem in (
        (
            Settings(mode=PluginName("shelf"), storage_options=options(bad="1")),
            "storage_options: bad: is bad",
        ),
        (
            Settings(storage_options=options(path="x")),
            "storage_options: given, but the mode sqlite takes none",
        ),
    ):
        with pytest.raises(ConfigError) as wrong:
            storage_of(settings)
        assert wrong.value.problems == [problem]
    for settings, problem in (
        (
            Settings(permission_options=options(door__x="1")),
            "permission_options: given, but permissions names no hook",
        ),
        (
            Settings(permissions=(PluginName("door"),), permission_options=options(dor__x="1")),
            "permission_options: dor.x: expected the name of a chosen hook, a dot and an option",
        ),
    ):
        with pytest.raises(ConfigError) as wrong:
            guard_of(settings)
        assert wrong.value.problems == [problem]


async def test_hooks_are_opened_in_their_order_with_their_own_options(install: Install) -> None:
    """Each gets what stands below its name, without the name."""
    install(PERMISSIONS, "door", HOOK)
    install(PERMISSIONS, "gate", HOOK)
    settings = config.load(
        {"permissions": "gate,door", "permission_options": "door.role=viewer,gate.role=editor"}, {}
    )
    open_guard = guard_of(settings)
    assert open_guard is not None
    async with open_guard() as guard:
        given = await guard.admit(visit())
        assert getattr(given, "role", None) is Role.VIEWER


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("raise OSError(5, 'no such disk')", r"did not open: OSError: \[Errno 5\] no such disk"),
        ("yield object()", "opened as object, which has no op_log, snapshots, boards, bus, probe"),
        ("pass", "did not open: RuntimeError: generator didn't yield"),
    ],
)
async def test_a_storage_that_does_not_open(install: Install, body: str, complaint: str) -> None:
    """StartupError, whatever it raised."""
    source = f"""
from contextlib import asynccontextmanager
interface = 1
@asynccontextmanager
async def opened():
    if False:
        yield None
    {body}
def configure(options):
    return opened
"""
    install(STORAGE, "shelf", source)
    with pytest.raises(StartupError, match=complaint):
        async with configure_storage(PluginName("shelf"), ())():
            pass


async def test_its_own_startup_error_passes(install: Install) -> None:
    """A plugin that says itself what to do is not talked over."""
    source = """
from whiteboard.errors import StartupError
interface = 1
def configure(options):
    def opened():
        raise StartupError("turn it on first")
    return opened
"""
    install(STORAGE, "shelf", source)
    with pytest.raises(StartupError, match=r"^turn it on first$"):
        async with configure_storage(PluginName("shelf"), ())():
            pass


async def test_what_happens_inside_the_block_passes_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the way in is the plugin's fault; and the plugin is closed behind it."""
    from whiteboard.plugins import loading

    closed: list[bool] = []

    @asynccontextmanager
    async def opened() -> Any:
        async with open_memory() as storage:
            try:
                yield storage
            finally:
                closed.append(True)

    async def fail_inside() -> None:
        async with loading._open_storage("shelf", opened):
            raise KeyError

    with pytest.raises(KeyError):
        await fail_inside()
    assert closed == [True]


async def test_a_storage_that_does_not_say_how_durable_it_is(install: Install) -> None:
    """An ack would be worth nothing that a client could understand."""
    source = """
from contextlib import asynccontextmanager
from types import SimpleNamespace
interface = 1
@asynccontextmanager
async def opened():
    log = SimpleNamespace(durability="forever")
    yield SimpleNamespace(op_log=log, snapshots=None, boards=None, bus=None, probe=None)
def configure(options):
    return opened
"""
    install(STORAGE, "shelf", source)
    with pytest.raises(StartupError, match="how durable"):
        async with configure_storage(PluginName("shelf"), ())():
            pass


async def test_a_hook_without_its_questions(install: Install) -> None:
    """`change` may be None, but it has to be there: nobody should forget it."""
    source = """
from contextlib import asynccontextmanager
interface = 1
class Hook:
    async def enter(self, visit): ...
@asynccontextmanager
async def opened():
    yield Hook()
def configure(options):
    return opened
"""
    install(PERMISSIONS, "door", source)
    with pytest.raises(StartupError, match="opened as Hook, which has no change"):
        async with configure_guard([PluginName("door")], ())():
            pass
