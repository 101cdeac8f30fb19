"""The project's own rules: each is proved by its examples, and finds what is planted deep in the real package."""

import re
from pathlib import Path

import attrs
import pytest
import yaml

from whiteboard.governance import mutations
from whiteboard.governance.graph.build import build
from whiteboard.governance.graph.model import Edge, EdgeKind, Site
from whiteboard.governance.rules import examples, kinds
from whiteboard.governance.rules.document import Rule, load_folder
from whiteboard.governance.rules.findings import Finding
from whiteboard.governance.rules.world import World
from whiteboard.governance.sources import Source, parse, read_folder

pytestmark = pytest.mark.no_cover

ROOT = Path(__file__).parents[3]
RULES = {rule.id: rule for rule in load_folder(ROOT / "constraints", kinds.SPECS)}

NEW_MODULES = {
    "whiteboard/rooms/planted.py": "import whiteboard.planted_a\n",
    "whiteboard/governance/planted.py": "import whiteboard.planted_a\n",
    "whiteboard/core/planted.py": "import whiteboard.planted_c\n",
    "whiteboard/planted_a.py": "import whiteboard.planted_b\n",
    "whiteboard/planted_b.py": "import whiteboard.storage.sqlite\n",
    "whiteboard/planted_c.py": "import whiteboard.planted_d\n",
    "whiteboard/planted_d.py": "import time\n",
}
"""Imports that lead through modules which nobody forbids."""

CALLS = {
    "whiteboard.rooms.commit.Committer.commit_directly": "_planted_sleep(); _planted_merge(self._replica.board)",
    "whiteboard.core.board.Board.apply": "_planted_clock()",
}
"""Statements at the beginning of functions that the server really runs."""

APPENDED = {
    "whiteboard/rooms/commit.py": """
def _planted_sleep():
    _planted_sleep_2()
def _planted_sleep_2():
    _planted_sleep_3()
def _planted_sleep_3():
    import time
    time.sleep(1)
def _planted_merge(board):
    _planted_merge_2(board)
def _planted_merge_2(board):
    board.apply(None)
""",
    "whiteboard/core/board.py": """
def _planted_clock():
    _planted_clock_2()
def _planted_clock_2():
    import time
    time.time()
""",
    "whiteboard/rooms/hub.py": """
import math
async def _planted_deadline():
    await _planted_deadline_2(5)
async def _planted_deadline_2(seconds):
    await _planted_deadline_3(patience=seconds)
async def _planted_deadline_3(patience):
    with trio.fail_after(patience):
        await trio.lowlevel.checkpoint()
async def _planted_cleanup():
    try:
        await trio.lowlevel.checkpoint()
    finally:
        await _planted_cleanup_2()
async def _planted_cleanup_2():
    await _planted_cleanup_3()
async def _planted_cleanup_3():
    await trio.lowlevel.checkpoint()
def _planted_channel():
    return _planted_channel_2(math.inf)
def _planted_channel_2(bound):
    return _planted_channel_3(bound)
def _planted_channel_3(bound):
    return trio.open_memory_channel(bound)
async def _planted_retry():
    for _ in range(3):
        try:
            return await _planted_retry_2()
        except OSError:
            await trio.lowlevel.checkpoint()
async def _planted_retry_2():
    return await _planted_retry_3()
async def _planted_retry_3():
    for _ in range(3):
        try:
            return await trio.lowlevel.checkpoint()
        except OSError:
            await trio.lowlevel.checkpoint()
class _PlantedLocks:
    def __init__(self):
        self.one, self.two = trio.Lock(), trio.Lock()
    async def a(self):
        async with self.one:
            await self.b()
    async def b(self):
        await self.c()
    async def c(self):
        async with self.two:
            await self.d()
    async def d(self):
        async with self.one:
            pass
async def _planted_budget():
    with trio.fail_after(timeouts.CLEANUP.seconds):
        await _planted_budget_2()
async def _planted_budget_2():
    await _planted_budget_3()
async def _planted_budget_3():
    with trio.fail_after(timeouts.COMMIT.seconds):
        await trio.lowlevel.checkpoint()
def _planted_print():
    print("planted")
def _planted_by_name(room, name):
    getattr(room, name)()
""",
}
"""Functions at the end of modules."""

DEPTHS = {
    "WB-EDIT-001": 4,
    "WB-OPLOG-001": 3,
    "WB-OPLOG-002": 3,
    "WB-PURE-001": 3,
    "WB-PURE-002": 3,
    "WB-PORTS-001": 3,
    "WB-GOV-001": 3,
    "WB-GRAPH-001": 1,
    "WB-TIME-001": 3,
    "WB-TIME-002": 2,
    "WB-TIME-003": 4,
    "WB-CANCEL-001": 3,
    "WB-QUEUE-001": 3,
    "WB-RETRY-001": 4,
    "WB-LOCK-001": 4,
    "WB-STYLE-001": 1,
}
"""How many hops the chain of each rule's planted violation has, at least."""


def planted() -> list[Source]:
    """The package's sources with everything that is planted."""
    sources = {source.path: source for source in read_folder(ROOT / "whiteboard", ROOT).files}
    graph = build(sources.values())
    texts = {path: source.text for path, source in sources.items()}
    for name, statement in CALLS.items():
        function = graph.functions[name]
        mutation = mutations.Mutation(name, function.path, mutations.place(function) or 0, statement)
        texts[function.path] = next(
            one.text
            for one in mutations.mutated(list(sources.values()), mutation)
            if one.path == function.path
        )
    for path, code in APPENDED.items():
        texts[path] += code
    timeouts, dead_peer = texts["whiteboard/timeouts/sessions.py"], re.compile(r'("dead-peer",\s*)30\.0')
    texts["whiteboard/timeouts/sessions.py"] = dead_peer.sub(r"\g<1>15.0", timeouts)
    texts.update(NEW_MODULES)
    modules = {path: path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for path in texts}
    found = [parse(path, modules[path], text) for path, text in texts.items()]
    return [source for source in found if isinstance(source, Source)]


@pytest.fixture(scope="module")
def planted_world() -> World:
    """One graph for all rules: it takes seconds. One call in it was seen when it ran."""
    graph = build(planted())
    caller = graph.functions["whiteboard.rooms.hub._planted_by_name"]
    site = Site(caller.path, caller.end_line, 4, "getattr(room, name)()")
    seen = Edge(caller.name, "whiteboard.rooms.room.Room.flush", EdgeKind.CALL, site, "dynamic")
    return World(attrs.evolve(graph, edges=(*graph.edges, seen)))


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_a_rule_is_proved_by_its_examples(rule: Rule) -> None:
    """It finds the marked lines of the bad one, and nothing in the good one."""
    assert examples.prove(rule, ROOT / "constraints" / "examples") == []


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_a_rule_serves_a_level_or_a_decision(rule: Rule) -> None:
    """Which stands in `constraints/sla.yaml`, or among the records."""
    levels = yaml.safe_load((ROOT / "constraints" / "sla.yaml").read_text())["slas"]
    assert rule.sla or rule.adr
    assert rule.sla is None or rule.sla in levels
    assert rule.adr is None or (ROOT / "adr" / f"{rule.adr}.md").is_file()


def test_every_rule_has_a_planted_violation() -> None:
    """A new rule comes with one."""
    assert DEPTHS.keys() == RULES.keys()


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_a_violation_planted_deep_in_the_package_is_found_with_its_chain(
    rule: Rule, planted_world: World
) -> None:
    """From the code that the server runs, or the new code's own beginning, to the line that breaks the rule."""
    findings = kinds.check(rule, planted_world).findings
    mine = [
        finding for finding in findings if "lanted" in str(finding.chain[-1]) or "DEAD_PEER" in finding.sink
    ]
    assert max((len(finding.chain) for finding in mine), default=0) >= DEPTHS[rule.id], _shown(findings)


def _shown(findings: tuple[Finding, ...]) -> list[str]:
    return [f"{finding.path}: {len(finding.chain)}" for finding in findings][:20]
