"""What happens under locks, and their order."""

from governance_samples import rule_of, world_of

from whiteboard.governance.rules import kinds
from whiteboard.governance.rules.examples import judge

PAIR = """# file: pkg/a.py
import trio
class A:
    def __init__(self):
        self.one = trio.Lock()
        self.two = trio.Lock()
    async def f(self):
        async with self.one:
            await self.g()
    async def g(self):
        async with self.two:
            {line}
    async def h(self):
        async with self.one:
            pass
"""


def test_locks_that_are_taken_in_a_circle_across_functions_are_found() -> None:
    """Both ways are in the chain."""
    rule = rule_of("kind: lock")
    findings = kinds.check(rule, world_of(PAIR.format(line="await self.h()"))).findings
    finding = next(one for one in findings if "pkg.a.A.two -> pkg.a.A.one -> pkg.a.A.two" in one.message)
    assert {hop.function for hop in finding.chain} == {"pkg.a.A.f", "pkg.a.A.g"}


def test_a_lock_that_is_taken_while_it_is_held_is_a_circle_of_one() -> None:
    """It waits for itself for ever."""
    findings = kinds.check(rule_of("kind: lock"), world_of(PAIR.format(line="await self.h()"))).findings
    assert any(one.message == "locks are taken in a circle: pkg.a.A.one -> pkg.a.A.one" for one in findings)


def test_locks_in_one_order_are_fine() -> None:
    """A tree of locks has no circle."""
    assert judge(rule_of("kind: lock"), PAIR.format(line="pass")) == []


def test_a_forbidden_call_below_a_lock_is_found_along_the_chain() -> None:
    """Through the functions that are called while it is held, by either lock."""
    rule = rule_of("kind: lock\nforbid: [trio.sleep]")
    findings = kinds.check(rule, world_of(PAIR.format(line="await trio.sleep(1)"))).findings
    assert {finding.source for finding in findings} == {"pkg.a.A.f", "pkg.a.A.g"}


def test_only_what_is_listed_may_be_awaited_below_a_lock() -> None:
    """Something that cannot be resolved is not on the list."""
    code = (
        "# file: pkg/a.py\nimport trio\nclass A:\n    def __init__(self):\n        self.lock = trio.Lock()\n"
        "    async def f(self, x):\n        async with self.lock:\n            await trio.sleep(0)\n"
        "            await x.y()  # found\n        await x.y()\n"
    )
    assert judge(rule_of("kind: lock\nonly: [trio.sleep]"), code) == []
