"""Deadlines are followed to a registered entry."""

import pytest
from governance_samples import rule_of, world_of

from whiteboard.governance.rules import kinds
from whiteboard.governance.rules.examples import judge

RULE = (
    "kind: deadline\nregistry: {module: pkg.timeouts}\nallow: [pkg.settings.Settings.*]\nkeywords: [timeout]"
)
HEAD = "# file: pkg/a.py\nimport math\nimport random\nimport trio\nfrom trio import fail_after as limit\nfrom pkg import timeouts\nfrom pkg.timeouts import HELLO\nHALF = 0.5\n"
TAIL = """# file: pkg/timeouts.py
from pkg.registry import register
HELLO = register("hello", 2.0, "why")
BYE = register("bye", 1.0, "why")
# file: pkg/registry.py
class Timeout:
    seconds: float
def register(name, seconds, rationale) -> Timeout: ...
"""


@pytest.mark.parametrize(
    "line",
    [
        "trio.fail_after(5)  # found",
        "limit(5)  # found",
        "trio.move_on_after(seconds=HALF * 4)",
        "trio.sleep(0)",
        "trio.sleep(timeouts.HELLO.seconds)",
        "trio.sleep(HELLO.seconds * 1.5)",
        "trio.sleep(HELLO.seconds + 5)  # found",
        "trio.sleep(max(0, HELLO.seconds - timeouts.BYE.seconds))",
        "trio.sleep(HELLO.seconds if wide else 5)  # found",
        "trio.sleep_until(trio.current_time() + HELLO.seconds)",
        "trio.sleep_until(trio.current_time() + 5)  # found",
        "trio.move_on_at(math.inf)",
        "trio.CancelScope(deadline=math.inf)",
        "trio.CancelScope(shield=True)",
        "trio.sleep(random.uniform(0, HELLO.seconds))",
        "trio.sleep(random.random() * HELLO.seconds)",
        "trio.sleep(random.random())  # found",
        "ask(timeout=5)  # found",
        "ask(timeout=HELLO.seconds)",
        "wide.deadline = 5  # found",
    ],
)
def test_a_duration_is_an_entry_or_made_of_entries(line: str) -> None:
    """Numbers scale an entry; alone or added, they are found."""
    if "HALF" in line:
        line += "  # found"
    assert judge(rule_of(RULE), f"{HEAD}def f(wide, ask):\n    {line}\n{TAIL}") == []


def test_a_bare_number_names_what_is_wrong() -> None:
    """The message has the call, the number and what belongs there."""
    world = world_of(f"{HEAD}def f():\n    limit(5)\n{TAIL}")
    (finding,) = kinds.check(rule_of(RULE), world).findings
    assert finding.message == "trio.fail_after takes a bare number, 5, where a registered entry belongs"


def test_a_number_is_followed_through_functions_attributes_and_fields() -> None:
    """Each step is a hop: from where the number stands to the deadline."""
    code = (
        "class Link:\n    def __init__(self, patience):\n        self.patience = patience\n"
        "    async def ask(self):\n        with trio.fail_after(self.patience):\n            pass\n"
        "def make():\n    return Link(make_patience(7))\n"
        "def make_patience(seconds):\n    return seconds * 2\n"
    )
    world = world_of(f"{HEAD}{code}{TAIL}")
    (finding,) = kinds.check(rule_of(RULE), world).findings
    assert "takes a bare number, 7" in finding.message
    assert finding.chain[0].site.text == "return Link(make_patience(7))"
    assert finding.chain[-1].function == "pkg.a.Link.ask"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("def f(patience: Timeout):\n    trio.fail_after(patience.seconds)\n", None),
        ("def f(patience):\n    trio.fail_after(patience.seconds)\n", "patience"),
        ("def f(settings: Settings):\n    trio.fail_after(settings.wait)\n", None),
    ],
)
def test_what_nobody_gives_is_not_followed_unless_its_type_says_what_it_is(
    code: str, message: str | None
) -> None:
    """An entry of the registry's type, or a setting that the rule allows."""
    settings = "# file: pkg/settings.py\nclass Settings:\n    wait: float\n"
    imports = "from pkg.registry import Timeout\nfrom pkg.settings import Settings\n"
    findings = kinds.check(rule_of(RULE), world_of(f"{HEAD}{imports}{code}{settings}{TAIL}")).findings
    assert [finding.severity for finding in findings] == (["warning"] if message else [])
    assert all(str(message) in finding.message for finding in findings)


def test_a_registry_of_plain_numbers_makes_no_number_an_entry() -> None:
    """Only a class of its own says that a value has come through the registry."""
    registry = "# file: pkg/timeouts.py\ndef register(name: str, seconds: float) -> float: ...\nHELLO = register('hello', 2.0)\n"
    source = (
        "# file: pkg/a.py\nimport trio\nfrom pkg.timeouts import HELLO\n"
        "async def far():\n    await near(3.5)  # found\n    await near(HELLO)\n"
        "async def near(patience: float):\n    await nearest(patience)\n"
        "async def nearest(patience: float):\n    await trio.sleep(patience)\n"
    )
    world = world_of(source + registry)
    (finding,) = kinds.check(rule_of(RULE), world).findings
    assert finding.message == "trio.sleep takes a bare number, 3.5, where a registered entry belongs"
    assert [hop.site.line for hop in finding.chain] == [
        5,
        5,
        8,
        10,
    ]  # the number, and each call that hands it on


def test_a_registry_may_be_a_package_whose_names_are_handed_on() -> None:
    """One by one or by a star: an entry is one wherever it is imported from, and a number beside it is none."""
    source = (
        "# file: pkg/a.py\nimport trio\nfrom pkg import timeouts\nfrom pkg.timeouts import BYE\nasync def f():\n"
        "    await trio.sleep(timeouts.HELLO.seconds)\n    await trio.sleep(BYE.seconds)\n    await trio.sleep(5)  # found\n"
        "# file: pkg/timeouts/__init__.py\nfrom pkg.timeouts.doors import *\nfrom pkg.timeouts.rooms import BYE as BYE\n"
        "# file: pkg/timeouts/doors.py\nfrom pkg.registry import register\nHELLO = register('hello', 2.0)\n"
        "# file: pkg/timeouts/rooms.py\nfrom pkg.registry import register\nBYE = register('bye', 1.0)\n"
        "# file: pkg/registry.py\nclass Timeout:\n    seconds: float\ndef register(name, seconds) -> Timeout: ...\n"
    )
    assert judge(rule_of(RULE), source) == []
