"""`reach`: what chains of calls must not come to, must come to, or must pass through.

    from: {functions: ["pkg.edit.*"], async: true}
    forbid: ["time.sleep", "sqlite3.*"]              # no chain ends there
    require: ["pkg.log.append"]                      # from each function, some chain ends there
    to: ["pkg.board.apply"]                          # every chain to these …
    through: ["pkg.log.append"]                      # … has one of these in it, or
    first: ["pkg.log.append"]                        # … comes after a call of one of these, in one of its functions
    stop_at: {edges: [thread], functions: ["pkg.store.*"]}

A chain that rests on a guess (an edge by name) makes a warning, never an error.
"""

from collections import deque
from collections.abc import Callable, Iterable

import attrs

from whiteboard.governance.graph.model import Edge, EdgeKind, Graph, Reach, reach
from whiteboard.governance.rules.document import Rule
from whiteboard.governance.rules.findings import Finding, Hop, Verdict, found, numbered
from whiteboard.governance.rules.scope import Scope, matcher
from whiteboard.governance.rules.world import World


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
    first: tuple[str, ...] = ()
    """Calls before which no chain comes to `to`: by the order of the text, whatever branch it stands in."""
    stop_at: StopAt = attrs.field(factory=StopAt)

    def __attrs_post_init__(self) -> None:
        if bool(self.to) != bool(self.through or self.first):
            raise ValueError("`to` goes together with `through` or `first`")
        if not (self.forbid or self.require or self.to):
            raise ValueError("one of `forbid`, `require` or `to` is needed")


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
        beyond = self._beyond()
        self.entries = [name for name in spec.from_.names(world.graph) if name not in beyond]
        self._opens = _Opening(world.graph, spec.first) if spec.first else None
        self.cone = frozenset(self._from(self.entries, (), guesses=True))
        self._outer: dict[bool, list[str]] = {}

    def _beyond(self) -> set[str]:
        """The functions that only ever run where chains have ended, as in a worker thread: none of them is an entry."""
        stopped = set(self.spec.stop_at.edges) - {EdgeKind.REFERENCE}
        beyond: set[str] = set()
        waiting = deque(edge.callee for edge in self.graph.edges if edge.kind in stopped)
        while waiting:
            name = waiting.popleft()
            arrivals = [edge for edge in self.graph.into(name) if edge.caller != name]
            if name in beyond or not all(edge.kind in stopped or edge.caller in beyond for edge in arrivals):
                continue
            beyond.add(name)
            waiting.extend(edge.callee for edge in self.graph.out(name))
        return beyond

    def chains(self, sinks: tuple[str, ...], through: tuple[str, ...]) -> Iterable[tuple[Edge, ...]]:
        """From each outermost entry, the shortest chain to each call of a sink that meets nothing of `through`."""
        is_sink, is_fine = _sink_matcher(sinks), matcher(self.spec.allow)
        if not sinks or not any(is_sink(edge.callee) for name in self.cone for edge in self.graph.out(name)):
            return
        known: set[tuple[str, str, str]] = set()
        for guesses in (False, True):
            for entry in self._outermost(guesses):
                reached = self._from([entry], through, guesses)
                for name in reached:
                    for edge in self._onward(name, through, guesses):
                        key = entry, edge.caller, edge.callee
                        if is_sink(edge.callee) and not is_fine(edge.callee) and key not in known:
                            known.add(key)
                            yield (*reached[name], edge)

    def arrives(self, entry: str, wanted: tuple[str, ...]) -> bool:
        """Whether some chain from the entry comes to one of the wanted."""
        is_wanted = matcher(wanted)
        return any(is_wanted(name) for name in self._from([entry], (), guesses=True))

    def _from(self, starts: Iterable[str], through: tuple[str, ...], guesses: bool) -> Reach:
        is_way = matcher(through)
        return reach(
            (name for name in starts if not is_way(name)), lambda name: self._onward(name, through, guesses)
        )

    def _onward(self, name: str, through: tuple[str, ...], guesses: bool) -> Iterable[Edge]:
        stop, is_end = self.spec.stop_at, matcher((*self.spec.stop_at.functions, *through))
        edges = self.graph.out(name)
        left = {edge.site for edge in edges if edge.kind in stop.edges}
        for edge in edges if self._opens is None else self._opens.before(name):
            if edge.kind in stop.edges or is_end(edge.callee):
                continue
            if edge.kind is EdgeKind.REFERENCE and edge.site in left:
                continue  # an argument of what is started there goes along with it
            if guesses or edge.kind is not EdgeKind.BY_NAME:
                yield edge

    def _outermost(self, guesses: bool) -> list[str]:
        """Entries that no other entry leads to, and one of each circle of entries."""
        if guesses not in self._outer:
            opens, self._opens = self._opens, None  # an entry is inside whatever is called before it
            try:
                self._outer[guesses] = self._without_inner(guesses)
            finally:
                self._opens = opens
        return self._outer[guesses]

    def _without_inner(self, guesses: bool) -> list[str]:
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
                reached.update(self._from([name], (), guesses))
        return outer


class _Opening:
    """Which edges of a function come before it calls, at any depth, one of the functions that have to be called first."""

    def __init__(self, graph: Graph, first: tuple[str, ...]) -> None:
        self._graph = graph
        is_first = matcher(first)
        self._first = {edge.callee for edge in graph.edges if is_first(edge.callee)}
        self._leading = set(self._first)
        waiting = deque(self._leading)
        while waiting:
            for edge in graph.into(waiting.popleft()):
                if edge.caller not in self._leading and edge.kind is EdgeKind.CALL:
                    self._leading.add(edge.caller)
                    waiting.append(edge.caller)

    def before(self, name: str) -> list[Edge]:
        """The edges up to the first call that leads to one of them, that one included."""
        edges = sorted(self._graph.out(name), key=lambda edge: (edge.site.line, edge.site.column))
        place = next((edge.site for edge in edges if edge.callee in self._leading), None)
        if place is None:
            return edges
        upto = (place.line, place.column)
        return [
            edge
            for edge in edges
            if (edge.site.line, edge.site.column) <= upto and edge.callee not in self._first
        ]


def _sink_matcher(globs: tuple[str, ...]) -> Callable[[str], bool]:
    """A method of what a foreign call returns (`sqlite3.connect().find`) is matched only by a glob that says so.

    Its type is not known, and what is known of it, the call that returned it, is in the chains by itself.
    """
    is_sink = matcher(globs)
    if any("(" in glob for glob in globs):
        return is_sink
    return lambda name: "(" not in name and "[" not in name and is_sink(name)


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
    finding = found(
        rule,
        source=chain[0].caller,
        sink=f"{last.callee} in {last.caller}",
        message=message + (" (the chain rests on a guess by name)" if is_guess else ""),
        chain=hops(chain),
    )
    return attrs.evolve(finding, severity="warning") if is_guess else finding


def _forbidden(rule: Rule, chain: tuple[Edge, ...]) -> Finding:
    said = f"{chain[0].caller} comes to {chain[-1].callee}{_deep(chain)}"
    return _finding(rule, chain, said)


def _around(rule: Rule, chain: tuple[Edge, ...]) -> Finding:
    spec: Spec = rule.spec
    word, ways = ("past", spec.through) if spec.through else ("before any call of", spec.first)
    said = f"{chain[0].caller} comes to {chain[-1].callee}{_deep(chain)}, {word} {' or '.join(ways)}"
    return _finding(rule, chain, said)


def _deep(chain: tuple[Edge, ...]) -> str:
    return f", {len(chain)} calls deep" if len(chain) > 1 else ""


def _missing(rule: Rule, walk: _Walk) -> Iterable[Finding]:
    wanted = rule.spec.require
    for entry in walk.entries if wanted else []:
        if walk.arrives(entry, wanted):
            continue
        node = walk.graph.functions[entry].node
        ways = " or ".join(wanted)
        yield found(
            rule,
            source=entry,
            sink=f"never {ways}",
            message=f"{entry} never comes to {ways}",
            chain=(walk.world.hop(entry, node, f"no chain from here comes to {ways}"),),
        )
