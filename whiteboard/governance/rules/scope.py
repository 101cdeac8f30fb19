"""Which functions a rule speaks of: globs on qualified names."""

import builtins
import re
from collections.abc import Callable, Iterable
from fnmatch import translate
from functools import lru_cache

import attrs

from whiteboard.governance.graph.model import Graph


@lru_cache(maxsize=1024)
def matcher(globs: tuple[str, ...]) -> Callable[[str], bool]:
    """Whether a qualified name matches one of the globs; `*` crosses dots, and `open` is `builtins.open`."""
    if not globs:
        return lambda _name: False
    pattern = re.compile("|".join(translate(_qualified(glob)) for glob in globs))
    return lambda name: pattern.match(name) is not None


def _qualified(glob: str) -> str:
    return f"builtins.{glob}" if hasattr(builtins, glob) else glob


@attrs.frozen
class Scope:
    """Functions by name. In a document a list of globs stands for a scope without exceptions."""

    functions: tuple[str, ...] = ("*",)
    except_: tuple[str, ...] = ()
    async_: bool | None = None
    """Only `async def` (true) or only plain `def` (false)."""

    def has(self, name: str) -> bool:
        """Whether a function of this name is meant, whatever it is."""
        return matcher(self.functions)(name) and not matcher(self.except_)(name)

    def names(self, graph: Graph) -> list[str]:
        """The functions of the graph that are meant, in the order of their names."""
        return sorted(
            name
            for name, function in graph.functions.items()
            if self.has(name) and self.async_ in {None, function.is_async}
        )


EVERYWHERE = Scope()


def idle(globs: Iterable[str], names: Iterable[str]) -> list[str]:
    """The globs that match none of the names."""
    known = list(names)
    return [glob for glob in globs if not any(map(matcher((glob,)), known))]
