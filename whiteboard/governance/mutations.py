"""Does the checker find what it says it would? Sinks are put into random reachable functions of a real package.

    python -m whiteboard.governance.mutations whiteboard constraints/edit-path-never-blocks.yaml --count 20 --seed 1

Each mutation adds one line to one function that a rule of kind `reach` reaches, several calls deep where there are such
functions, builds the graph anew and looks whether the rule finds the line. Prints the share that was found.
"""

import argparse
import ast
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import attrs

from whiteboard.governance.graph.build import build
from whiteboard.governance.graph.model import MODULE_BODY, Function, Graph
from whiteboard.governance.rules import reach
from whiteboard.governance.rules.document import Rule, load
from whiteboard.governance.rules.kinds import SPECS, check
from whiteboard.governance.rules.world import World
from whiteboard.governance.sources import Source, parse, read_folder

SINKS: Final = (
    "import time; time.sleep(1)",
    "from time import sleep as pause; pause(1)",
    "import time as clock; nap = clock.sleep; nap(1)",
    "import os; os.fsync(0)",
    "import sqlite3; sqlite3.connect('x').execute('SELECT 1')",
    "from pathlib import Path; Path('x').read_bytes()",
    "import subprocess; subprocess.run(['true'])",
    "open('x').close()",
)
"""As people write them. What hides its name from every reader, as `__import__('time').sleep(1)` does, is not among them."""

WANTED_SHARE: Final = 0.9


@attrs.frozen
class Mutation:
    """One line in one function."""

    function: str
    path: str
    line: int
    """The line that the sink becomes."""
    sink: str


def mutants(graph: Graph, cone: frozenset[str], count: int, seed: int) -> list[Mutation]:
    """So many mutations of functions of a cone, chosen by a seed."""
    chance = random.Random(seed)  # noqa: S311 - a sample, no secret
    functions = [graph.functions[name] for name in sorted(cone)]
    targets = [function for function in functions if place(function) is not None]
    chosen = chance.sample(targets, min(count, len(targets)))
    return [Mutation(one.name, one.path, place(one) or one.line, chance.choice(SINKS)) for one in chosen]


def place(function: Function) -> int | None:
    """The line before which a statement can be put; None where a function has no block of its own."""
    body = getattr(function.node, "body", None)
    if function.name.endswith(MODULE_BODY) or not isinstance(body, list) or "<lambda" in function.name:
        return None
    first = body[1] if _is_docstring(body[0]) and len(body) > 1 else body[0]
    is_stub = _is_docstring(body[0]) and len(body) == 1
    begins = min([first.lineno, *(one.lineno for one in getattr(first, "decorator_list", []))])
    return None if is_stub or begins == function.line or ast.unparse(first) == "..." else begins


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def mutated(sources: Sequence[Source], mutation: Mutation) -> list[Source]:
    """The sources with the mutation's line. Raises ValueError when that is no Python any more."""
    changed = []
    for source in sources:
        if source.path != mutation.path:
            changed.append(source)
            continue
        lines = list(source.lines)
        old = lines[mutation.line - 1]
        lines.insert(mutation.line - 1, old[: len(old) - len(old.lstrip())] + mutation.sink)
        new = parse(source.path, source.module, "\n".join(lines))
        if not isinstance(new, Source):
            raise ValueError(f"{mutation}: {new}")
        changed.append(new)
    return changed


def is_found(rule: Rule, sources: Sequence[Source], mutation: Mutation) -> int:
    """How many hops the finding of the mutation's line has; 0 when it is not found."""
    findings = check(rule, World(build(mutated(sources, mutation)))).findings
    ends = [
        len(finding.chain)
        for finding in findings
        if (finding.chain[-1].site.path, finding.chain[-1].site.line) == (mutation.path, mutation.line)
    ]
    return max(ends, default=0)


def outcomes(rule: Rule, sources: Sequence[Source], count: int, seed: int) -> Iterator[tuple[Mutation, int]]:
    """Each mutation with the hops of its finding, 0 where it was missed."""
    graph = build(sources)
    cone = check(rule, World(graph)).cone
    for mutation in mutants(graph, cone, count, seed):
        yield mutation, is_found(rule, sources, mutation)


def main(argv: Sequence[str] | None = None) -> int:
    """Print each mutation and the share found; 1 when it is less than is wanted."""
    parser = argparse.ArgumentParser(prog="python -m whiteboard.governance.mutations", description=__doc__)
    parser.add_argument("package", type=Path)
    parser.add_argument("rule", type=Path)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args(argv)
    rule = load(arguments.rule, SPECS)
    if rule is None or not isinstance(rule.spec, reach.Spec):
        parser.error(f"{arguments.rule} is no rule of kind reach")
    found = total = 0
    for mutation, hops in outcomes(
        rule, read_folder(arguments.package).files, arguments.count, arguments.seed
    ):
        total += 1
        found += hops > 0
        said = f"found, {hops} hops" if hops else "MISSED"
        sys.stdout.write(f"{said:<15} {mutation.path}:{mutation.line} {mutation.function}: {mutation.sink}\n")
        sys.stdout.flush()
    share = found / total if total else 0.0
    sys.stdout.write(f"{found} of {total} mutations were found: {share:.0%}\n")
    return 0 if share >= WANTED_SHARE else 1


if __name__ == "__main__":
    sys.exit(main())
