"""What the graph knows of code outside of the package: what it gives back, and what it does with functions.

Names end in `()` where they stand for what a function gives. Everything not listed here gives something of an
unknown kind, or an instance where its name looks like a class.
"""

from whiteboard.governance.graph.slots import words

SPAWNERS = frozenset(
    (
        "trio.Nursery.start_soon",
        "trio.Nursery.start",
        "trio.run",
        "trio.lowlevel.start_guest_run",
        "trio.lowlevel.spawn_system_task",
        "trio.from_thread.run",
        "trio.from_thread.run_sync",
        "anyio.abc.TaskGroup.start_soon",
        "anyio.abc.TaskGroup.start",
        "anyio.run",
        "anyio.from_thread.run",
        "anyio.from_thread.run_sync",
        "asyncio.run",
        "asyncio.create_task",
        "asyncio.ensure_future",
        "asyncio.TaskGroup.create_task",
    )
)
"""Their first argument runs in a task of its own, with those that follow it."""

CALLERS = frozenset(("contextvars.Context.run",))
"""They call their first argument themselves, with those that follow it."""

THREADS = frozenset(
    (
        "trio.to_thread.run_sync",
        "anyio.to_thread.run_sync",
        "asyncio.to_thread",
        "concurrent.futures.ThreadPoolExecutor.submit",
        "concurrent.futures.ProcessPoolExecutor.submit",
        "concurrent.futures.Executor.submit",
    )
)
"""Their first argument runs in a thread, with those that follow it."""

THREAD_MAKERS = frozenset(("threading.Thread", "threading.Timer", "multiprocessing.Process"))
"""Classes whose instances run a function elsewhere, whichever argument it is."""

AT_ONCE = frozenset(
    [
        f"builtins.{name}"
        for name in ("map", "filter", "sorted", "min", "max", "sum", "iter", "reversed", "any", "all")
    ]
    + [
        "functools.reduce",
        "itertools.groupby",
        "itertools.takewhile",
        "itertools.dropwhile",
        "itertools.accumulate",
    ]
    + [
        "itertools.starmap",
        "itertools.filterfalse",
        "builtins.list.sort",
        "heapq.nsmallest",
        "heapq.nlargest",
    ]
    + ["bisect.bisect_left", "bisect.bisect_right", "bisect.insort", "re.sub"]
    + ["re.Pattern.sub", "heapq.merge", "collections.deque", "functools.cmp_to_key", "re.compile().sub"]
)
"""They call the functions they are given themselves, before they return or while what they gave is iterated."""

ITERATING = frozenset(
    [
        f"builtins.{name}"
        for name in words("list tuple set frozenset sorted sum min max any all dict enumerate zip map")
    ]
    + [f"builtins.{name}" for name in words("filter reversed iter next bytes bytearray")]
    + ["collections.deque", "itertools.chain", "itertools.islice", "collections.Counter", "builtins.str.join"]
    + ["itertools.chain.from_iterable", "builtins.bytes.join", "itertools.takewhile", "itertools.pairwise"]
)
"""They iterate what they are given."""

COPIES = frozenset(
    [f"builtins.{name}" for name in words("list set frozenset sorted reversed iter filter")]
    + ["collections.deque", "itertools.islice", "itertools.chain", "itertools.cycle", "itertools.takewhile"]
    + ["itertools.dropwhile", "itertools.chain.from_iterable", "heapq.nsmallest", "heapq.nlargest"]
)
"""They give a collection of the elements of what they are given."""

ELEMENTS = frozenset(
    ("builtins.next", "builtins.min", "builtins.max", "random.choice", "heapq.heappop", "builtins.anext")
)
"""They give one of the elements of what they are given."""

SAME = words(
    "typing.cast copy.copy copy.deepcopy dataclasses.replace attrs.evolve attr.evolve "
    "contextlib.nullcontext types.MappingProxyType "
    "weakref.proxy functools.wraps() functools.lru_cache() functools.cache "
    "copy.replace msgspec.structs.replace inspect.unwrap asyncio.shield typing.no_type_check "
    "weakref.ref contextlib.ExitStack.enter_context contextlib.AsyncExitStack.enter_async_context "
    "builtins.memoryview contextlib.AsyncExitStack.enter_context contextlib.ExitStack.push "
    "contextlib.AsyncExitStack.push contextlib.AsyncExitStack.push_async_exit"
)
"""They give back an argument, or something that stands for it."""

DUNDERS = {
    "builtins.str": ("__str__", "__repr__"),
    "builtins.repr": ("__repr__",),
    "builtins.print": ("__str__", "__repr__"),
    "builtins.format": ("__format__", "__str__"),
    "builtins.len": ("__len__",),
    "builtins.bool": ("__bool__", "__len__"),
    "builtins.int": ("__int__", "__index__"),
    "builtins.float": ("__float__",),
    "builtins.bytes": ("__bytes__",),
    "builtins.hash": ("__hash__",),
    "builtins.abs": ("__abs__",),
    "builtins.round": ("__round__",),
    "builtins.dir": ("__dir__",),
    "builtins.reversed": ("__reversed__",),
    "builtins.sorted": ("__lt__",),
    "builtins.min": ("__lt__",),
    "builtins.max": ("__lt__", "__gt__"),
    "builtins.next": ("__next__",),
    "builtins.anext": ("__anext__",),
    "builtins.aiter": ("__aiter__",),
    "os.fspath": ("__fspath__",),
    "pathlib.Path": ("__fspath__",),
    "copy.copy": ("__copy__",),
    "copy.deepcopy": ("__deepcopy__",),
}
"""The special methods of their arguments that they call; the first that a class has counts."""

COMPARING = words("builtins.sorted builtins.min builtins.max")
"""Given one argument, they compare its elements."""

RESULTS = {
    "builtins.open": "io.TextIOWrapper",
    "builtins.len": "builtins.int",
    "builtins.repr": "builtins.str",
    "builtins.format": "builtins.str",
    "builtins.chr": "builtins.str",
    "builtins.ord": "builtins.int",
    "builtins.hash": "builtins.int",
    "builtins.id": "builtins.int",
    "builtins.isinstance": "builtins.bool",
    "builtins.issubclass": "builtins.bool",
    "builtins.callable": "builtins.bool",
    "builtins.hasattr": "builtins.bool",
    "builtins.any": "builtins.bool",
    "builtins.all": "builtins.bool",
    "builtins.round": "builtins.int",
    "builtins.abs": "builtins.float",
    "builtins.input": "builtins.str",
    "sqlite3.connect": "sqlite3.Connection",
    "sqlite3.Connection.execute": "sqlite3.Cursor",
    "sqlite3.Connection.executemany": "sqlite3.Cursor",
    "sqlite3.Connection.executescript": "sqlite3.Cursor",
    "sqlite3.Connection.cursor": "sqlite3.Cursor",
    "sqlite3.Cursor.execute": "sqlite3.Cursor",
    "pathlib.Path.open": "io.TextIOWrapper",
    "pathlib.Path.cwd": "pathlib.Path",
    "pathlib.Path.home": "pathlib.Path",
    "pathlib.Path.resolve": "pathlib.Path",
    "pathlib.Path.absolute": "pathlib.Path",
    "pathlib.Path.expanduser": "pathlib.Path",
    "pathlib.Path.with_suffix": "pathlib.Path",
    "pathlib.Path.with_name": "pathlib.Path",
    "pathlib.Path.joinpath": "pathlib.Path",
    "pathlib.Path.relative_to": "pathlib.Path",
    "pathlib.Path.rename": "pathlib.Path",
    "pathlib.Path.replace": "pathlib.Path",
    "pathlib.Path.parent": "pathlib.Path",
    "pathlib.Path.read_text": "builtins.str",
    "pathlib.Path.read_bytes": "builtins.bytes",
    "socket.socket": "socket.socket",
    "socket.create_connection": "socket.socket",
    "socket.fromfd": "socket.socket",
    "ssl.create_default_context": "ssl.SSLContext",
    "subprocess.run": "subprocess.CompletedProcess",
    "threading.Lock": "threading.Lock",
    "threading.RLock": "threading.RLock",
    "logging.getLogger": "logging.Logger",
    "structlog.get_logger": "structlog.stdlib.BoundLogger",
    "json.dumps": "builtins.str",
    "re.compile": "re.Pattern",
    "re.match": "re.Match",
    "re.fullmatch": "re.Match",
    "re.search": "re.Match",
    "re.Pattern.match": "re.Match",
    "re.Pattern.fullmatch": "re.Match",
    "re.Pattern.search": "re.Match",
    "contextvars.copy_context": "contextvars.Context",
    "time.monotonic": "builtins.float",
    "time.time": "builtins.float",
    "time.perf_counter": "builtins.float",
    "trio.current_time": "builtins.float",
    "trio.fail_after": "trio.CancelScope",
    "trio.fail_at": "trio.CancelScope",
    "trio.move_on_after": "trio.CancelScope",
    "trio.move_on_at": "trio.CancelScope",
    "trio.open_tcp_stream": "trio.SocketStream",
    "trio.open_tcp_listeners": "builtins.list",
    "trio.run_process": "subprocess.CompletedProcess",
    "trio.lowlevel.open_process": "trio.Process",
    "trio.socket.socket": "trio.socket.SocketType",
    "trio.lowlevel.current_task": "trio.lowlevel.Task",
    "trio.lowlevel.current_root_task": "trio.lowlevel.Task",
    "asyncio.get_event_loop": "asyncio.AbstractEventLoop",
    "asyncio.get_running_loop": "asyncio.AbstractEventLoop",
    "datetime.datetime.now": "datetime.datetime",
    "importlib.import_module": "types.ModuleType",
    "hashlib.sha256": "hashlib.HASH",
    "hashlib.sha1": "hashlib.HASH",
    "tempfile.TemporaryDirectory": "tempfile.TemporaryDirectory",
}
"""The class of what they give."""

ENTERED = {
    "trio.open_nursery()": "trio.Nursery",
    "anyio.create_task_group()": "anyio.abc.TaskGroup",
    "tempfile.TemporaryDirectory": "builtins.str",
    "asyncio.TaskGroup": "asyncio.TaskGroup",
    "concurrent.futures.ThreadPoolExecutor": "concurrent.futures.ThreadPoolExecutor",
}
"""What `as` names when they are entered; other context managers give themselves."""

TEXT_METHODS = words(
    "join strip lstrip rstrip lower upper replace format encode decode removeprefix removesuffix hex zfill ljust rjust "
    "title capitalize casefold expandtabs translate center"
)
"""Methods of a str or bytes that give another one."""

SPLITTING = words("split rsplit splitlines partition rpartition")

COMMON_METHODS = words(
    "get items keys values append pop add update copy clear remove discard extend insert index count sort join split "
    "strip replace format encode decode read write close open send receive start stop run set wait put lower upper "
    "startswith endswith match search group acquire release cancel"
)
"""Method names that say nothing of their class, so that nothing is guessed from them."""

HOOKS = {
    "trio.abc.AsyncResource": words("aclose __aenter__ __aexit__"),
    "trio.abc.SendStream": words("send_all wait_send_all_might_not_block aclose"),
    "trio.abc.ReceiveStream": words("receive_some aclose __anext__"),
    "trio.abc.Stream": words("send_all wait_send_all_might_not_block receive_some aclose __anext__"),
    "trio.abc.HalfCloseableStream": words(
        "send_all wait_send_all_might_not_block send_eof receive_some aclose __anext__"
    ),
    "trio.abc.Listener": words("accept aclose"),
    "trio.abc.SendChannel": words("send aclose"),
    "trio.abc.ReceiveChannel": words("receive aclose __anext__"),
    "trio.abc.Channel": words("send receive aclose __anext__"),
    "logging.Handler": words("emit handle flush close format filter"),
    "logging.Formatter": words("format formatTime formatException formatStack"),
    "logging.Filter": words("filter"),
    "threading.Thread": words("run"),
}
"""The methods that classes from outside call on those below them; of other classes it may be any method."""

TELLING = {
    "start_soon": "trio.Nursery.start_soon",
    "run_in_executor": "asyncio.AbstractEventLoop.run_in_executor",
}
"""Methods that are known by their name alone, whoever has them."""
