"""`imports`: which modules may name which.

layers: ["app", "web | jobs", "store", "core"]     # the upper may import the lower, `|` keeps neighbours apart
package: pkg                                        # what the layers are parts of
from: ["pkg.core.*"]                                # with `forbid`: nothing here imports, …
forbid: ["trio", "sqlite3"]                         # … directly or through others, any of these or their parts
direct: true                                        # only what a module imports itself
acyclic: ["pkg.*"]                                  # no circle among these modules
type_checking: true                                 # imports for type checkers count too
"""

from collections.abc import Iterable, Iterator

import attrs

from whiteboard.governance.graph.chains import shortest_chains
from whiteboard.governance.graph.model import MODULE_BODY, ImportEdge, Site
from whiteboard.governance.rules.document import Rule
from whiteboard.governance.rules.findings import Finding, Hop, Verdict, found, numbered
from whiteboard.governance.rules.scope import matcher
from whiteboard.governance.rules.world import World


@attrs.frozen
class Spec:
    """What a rule of this kind says."""

    package: str = ""
    layers: tuple[str, ...] = ()
    from_: tuple[str, ...] = ()
    forbid: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    """Modules of which what they import is their own affair: chains end there."""
    direct: bool = False
    acyclic: tuple[str, ...] = ()
    type_checking: bool = True

    def __attrs_post_init__(self) -> None:
        if bool(self.from_) != bool(self.forbid):
            raise ValueError("`from` and `forbid` go together")
        if not (self.layers or self.forbid or self.acyclic):
            raise ValueError("one of `layers`, `forbid` or `acyclic` is needed")


def check(rule: Rule, world: World) -> Verdict:
    """Every import that leads where it must not."""
    spec: Spec = rule.spec
    edges = [edge for edge in world.graph.imports if spec.type_checking or not edge.is_type_checking]
    judge = _Judge(rule, world, edges)
    findings = [*judge.layers(), *judge.forbidden(), *judge.circles()]
    return Verdict(numbered(findings), frozenset())


class _Judge:
    def __init__(self, rule: Rule, world: World, edges: Iterable[ImportEdge]) -> None:
        self._rule, self._world = rule, world
        self._spec: Spec = rule.spec
        self._out: dict[str, list[ImportEdge]] = {}
        for edge in edges:
            self._out.setdefault(edge.importer, []).append(edge)

    def layers(self) -> Iterator[Finding]:
        """Imports that point up, or from one neighbour to another that stands apart."""
        places = _places(self._spec)
        for edge in (edge for edges in self._out.values() for edge in edges):
            upper, lower = (
                _layer(places, edge.importer),
                _layer(places, edge.imported),
            )
            if upper is None or lower is None or upper == lower:
                continue
            (above, _), (below, _) = places[upper], places[lower]
            if above > below or (above == below and not places[upper][1]):
                word = "its neighbour" if above == below else "what stands above it"
                yield self._found((edge,), f"{upper} imports {lower}, {word}")

    def forbidden(self) -> Iterator[Finding]:
        """The shortest chain of imports from each module to each forbidden one."""
        is_source, is_end = matcher(self._spec.from_), matcher(self._spec.allow)
        is_bad = matcher(tuple(part for name in self._spec.forbid for part in (name, f"{name}.*")))

        def onward(edge: ImportEdge) -> list[ImportEdge]:
            name = edge.imported
            return [] if self._spec.direct or is_bad(name) or is_source(name) else allowed(name)

        def allowed(module: str) -> list[ImportEdge]:
            return [edge for edge in self._out.get(module, []) if not is_end(edge.imported)]

        for module in filter(is_source, sorted(self._world.graph.modules)):
            for chain in shortest_chains(allowed(module), onward, lambda edge: edge.imported):
                name = chain[-1].imported
                if name != module and is_bad(name):
                    yield self._found(chain, f"{module} imports {name}")

    def circles(self) -> Iterator[Finding]:
        """One shortest circle through each module that stands in one, told once."""
        is_meant = matcher(self._spec.acyclic)
        told: set[frozenset[str]] = set()
        for module in filter(is_meant, sorted(self._world.graph.modules)):
            circle = self._circle(module)
            members = frozenset(edge.importer for edge in circle)
            if circle and members not in told:
                told.add(members)
                way = " -> ".join([*(edge.importer for edge in circle), module])
                yield self._found(circle, f"imports go in a circle: {way}")

    def _circle(self, module: str) -> tuple[ImportEdge, ...]:
        def others(importer: str) -> list[ImportEdge]:
            return [edge for edge in self._out.get(importer, []) if edge.imported != importer]

        ways = shortest_chains(others(module), lambda edge: others(edge.imported), lambda edge: edge.imported)
        return next((way for way in ways if way[-1].imported == module), ())

    def _found(self, chain: tuple[ImportEdge, ...], said: str) -> Finding:
        first, last = chain[0], chain[-1]
        return found(
            self._rule,
            source=first.importer,
            sink=f"imports {last.imported}",
            message=said + (f" through {len(chain) - 1} others" if len(chain) > 1 else ""),
            chain=tuple(self._hop(edge) for edge in chain),
        )

    def _hop(self, edge: ImportEdge) -> Hop:
        site = Site.at(self._world.graph.modules[edge.importer], edge.line)
        return Hop(f"{edge.importer}.{MODULE_BODY}", site, f"imports {edge.imported}")


def _places(spec: Spec) -> dict[str, tuple[int, bool]]:
    """Each part's height, 0 the top, and whether it may see its neighbours."""
    places: dict[str, tuple[int, bool]] = {}
    for height, line in enumerate(spec.layers):
        sees = ":" in line
        for part in line.replace(":", "|").split("|"):
            name = part.strip()
            places[f"{spec.package}.{name}" if spec.package else name] = (height, sees)
    return places


def _layer(places: dict[str, tuple[int, bool]], module: str) -> str | None:
    while module and module not in places:
        module = module.rpartition(".")[0]
    return module or None
