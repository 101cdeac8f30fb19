"""`reach`: what chains of calls must not come to, must come to, or must pass through.

    from: {functions: ["pkg.edit.*"], async: true}
    forbid: ["time.sleep", "sqlite3.*"]              # no chain ends there
    require: ["pkg.log.append"]                      # from each function, some chain ends there
    to: ["pkg.board.apply"]                          # every chain to these …
    through: ["pkg.log.append"]                      # … has one of these in it
    stop_at: {edges: [thread], functions: ["pkg.store.*"]}

A chain that rests on a guess (an edge by name) makes a warning, never an error.
"""

from collections import deque
from collections.abc import Callable, Iterable
from functools import lru_cache

import attrs

from whiteboard.governance.graph.model import Edge, EdgeKind
from whiteboard.governance.rules.document import Rule
from whiteboard.governance.rules.findings import Finding, Hop, Verdict, numbered
from whiteboard.governance.rules.scope import Scope, matcher
from whiteboard.governance.rules.world import World

Arrivals = dict[str, Edge | None]


@attrs.frozen
class StopAt:
    """Where chains end without a finding."""

    edges: tuple[EdgeKind, ...] = ()
    functions: tuple[str, ...] = ()


@attrs.frozen
class Spec:
    """What a rule of this kind says."""

    from_: Scope
    forbid: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    """Callees that `forbid` or `to` matches and that are fine."""
    require: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    through: tuple[str, ...] = ()
    stop_at: StopAt = attrs.field(factory=StopAt)

    def __attrs_post_init__(self) -> None:
        if bool(self.to) != bool(self.through):
            raise ValueError("`to` and `through` go together")
        if not (self.forbid or self.require or self.to):
            raise ValueError("one of `forbid`, `require` or `to` with `through` is needed")


def check(rule: Rule, world: World) -> Verdict:
    """Every chain that should not be, the shortest of its entry and its end."""
    spec: Spec = rule.spec
    walk = _Walk(world, spec)
    findings = [
        *(_forbidden(rule, chain) for chain in walk.chains(spec.forbid, ())),
        *(_around(rule, chain) for chain in walk.chains(spec.to, spec.through)),
        *_missing(rule, walk),
    ]
    return Verdict(numbered(findings), frozenset(name for name in walk.cone if name in world.graph.functions))


class _Walk:
    """Walks from a rule's entries, breadth first."""

    def __init__(self, world: World, spec: Spec) -> None:
        self.world, self.graph = world, world.graph
        self.spec = spec
        self.entries = spec.from_.names(world.graph)
        self.cone = frozenset(self._from(self.entries, (), guesses=True))

    def chains(self, sinks: tuple[str, ...], through: tuple[str, ...]) -> Iterable[tuple[Edge, ...]]:
        """From each outermost entry, the shortest chain to each call of a sink that meets nothing of `through`."""
        is_sink, is_fine = _sink_matcher(sinks), matcher(self.spec.allow)
        if not sinks or not any(is_sink(edge.callee) for name in self.cone for edge in self.graph.out(name)):
            return
        known: set[tuple[str, str, str]] = set()
        for guesses in (False, True):
            for entry in self._outermost(guesses):
                arrivals = self._from([entry], through, guesses)
                for name in arrivals:
                    for edge in self._onward(name, through, guesses):
                        key = entry, edge.caller, edge.callee
                        if is_sink(edge.callee) and not is_fine(edge.callee) and key not in known:
                            known.add(key)
                            yield (*_chain(arrivals, name), edge)

    def arrives(self, entry: str, wanted: tuple[str, ...]) -> bool:
        """Whether some chain from the entry comes to one of the wanted."""
        is_wanted = matcher(wanted)
        return any(is_wanted(name) for name in self._from([entry], (), guesses=True))

    def _from(self, starts: Iterable[str], through: tuple[str, ...], guesses: bool) -> Arrivals:
        is_way = matcher(through)
        arrivals: Arrivals = {name: None for name in starts if not is_way(name)}
        waiting = deque(arrivals)
        while waiting:
            name = waiting.popleft()
            for edge in self._onward(name, through, guesses):
                if edge.callee not in arrivals:
                    arrivals[edge.callee] = edge
                    waiting.append(edge.callee)
        return arrivals

    def _onward(self, name: str, through: tuple[str, ...], guesses: bool) -> Iterable[Edge]:
        stop, is_end = self.spec.stop_at, matcher((*self.spec.stop_at.functions, *through))
        for edge in self.graph.out(name):
            if edge.kind in stop.edges or is_end(edge.callee):
                continue
            if guesses or edge.kind is not EdgeKind.BY_NAME:
                yield edge

    @lru_cache(maxsize=2)  # noqa: B019 - a walk lives as long as the check of its rule
    def _outermost(self, guesses: bool) -> tuple[str, ...]:
        """Entries that no other entry leads to, and one of each circle of entries."""
        entries = set(self.entries)
        inner = {
            edge.callee
            for name in self._from(self.entries, (), guesses)
            for edge in self._onward(name, (), guesses)
            if edge.callee != name
        }
        outer = [name for name in self.entries if name not in inner]
        reached = set(self._from(outer, (), guesses))
        for name in self.entries:
            if name not in reached:
                outer.append(name)
                reached |= self._from([name], (), guesses).keys()
        return tuple(name for name in outer if name in entries)


def _sink_matcher(globs: tuple[str, ...]) -> Callable[[str], bool]:
    """A method of what a foreign call returns (`sqlite3.connect().find`) is matched only by a glob that says so.

    Its type is not known, and what is known of it, the call that returned it, is in the chains by itself.
    """
    is_sink = matcher(globs)
    if any("(" in glob for glob in globs):
        return is_sink
    return lambda name: "(" not in name and "[" not in name and is_sink(name)


def _chain(arrivals: Arrivals, name: str) -> list[Edge]:
    chain: list[Edge] = []
    while (edge := arrivals[name]) is not None:
        chain.append(edge)
        name = edge.caller
    return chain[::-1]


def hops(chain: Iterable[Edge]) -> tuple[Hop, ...]:
    """The steps of a chain of edges."""
    return tuple(Hop(edge.caller, edge.site, f"{_DONE[edge.kind]} {edge.callee}") for edge in chain)


_DONE = {
    EdgeKind.CALL: "calls",
    EdgeKind.PROPERTY: "reads the property",
    EdgeKind.SPAWN: "starts a task with",
    EdgeKind.THREAD: "starts a thread with",
    EdgeKind.REFERENCE: "hands on",
    EdgeKind.BY_NAME: "calls, by the name alone,",
}


def _finding(rule: Rule, chain: tuple[Edge, ...], message: str) -> Finding:
    is_guess = any(edge.kind is EdgeKind.BY_NAME for edge in chain)
    last = chain[-1]
    return Finding(
        rule=rule.id,
        source=chain[0].caller,
        sink=f"{last.callee} in {last.caller}",
        message=message + (" (the chain rests on a guess by name)" if is_guess else ""),
        chain=hops(chain),
        severity="warning" if is_guess else rule.severity,
        instead=rule.instead,
    )


def _forbidden(rule: Rule, chain: tuple[Edge, ...]) -> Finding:
    said = f"{chain[0].caller} comes to {chain[-1].callee}{_deep(chain)}"
    return _finding(rule, chain, said)


def _around(rule: Rule, chain: tuple[Edge, ...]) -> Finding:
    ways = " or ".join(rule.spec.through)
    return _finding(rule, chain, f"{chain[0].caller} comes to {chain[-1].callee}{_deep(chain)}, past {ways}")


def _deep(chain: tuple[Edge, ...]) -> str:
    return f", {len(chain)} calls deep" if len(chain) > 1 else ""


def _missing(rule: Rule, walk: _Walk) -> Iterable[Finding]:
    wanted = rule.spec.require
    for entry in walk.entries if wanted else []:
        if walk.arrives(entry, wanted):
            continue
        function = walk.graph.functions[entry]
        site = walk.world.site(function, function.node)
        ways = " or ".join(wanted)
        yield Finding(
            rule=rule.id,
            source=entry,
            sink=f"never {ways}",
            message=f"{entry} never comes to {ways}",
            chain=(Hop(entry, site, f"no chain from here comes to {ways}"),),
            severity=rule.severity,
            instead=rule.instead,
        )
