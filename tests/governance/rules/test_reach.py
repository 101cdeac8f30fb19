"""Chains that must not, must, or must pass through."""

import pytest
from governance_samples import rule_of, world_of

from whiteboard.governance.rules import kinds
from whiteboard.governance.rules.examples import judge

CODE = """# file: pkg/edit.py
from pkg import store
async def edit():
    store.save()
# file: pkg/store.py
import time
def save():
    write()
def write():
    time.sleep(1){mark}
"""


def test_a_forbidden_call_three_deep_is_found_with_its_chain() -> None:
    """From the entry to the sink, each hop with its line."""
    rule = rule_of("kind: reach\nfrom: {functions: ['pkg.edit.*'], async: true}\nforbid: [time.sleep]")
    (finding,) = kinds.check(rule, world_of(CODE.format(mark=""))).findings
    assert finding.message == "pkg.edit.edit comes to time.sleep, 3 calls deep"
    assert [(hop.function, hop.site.text) for hop in finding.chain] == [
        ("pkg.edit.edit", "store.save()"),
        ("pkg.store.save", "write()"),
        ("pkg.store.write", "time.sleep(1)"),
    ]
    assert finding.path == "pkg.edit.edit -> time.sleep in pkg.store.write"


@pytest.mark.parametrize(
    "more",
    [
        "stop_at: {functions: ['pkg.store.save']}",
        "allow: [time.sleep]",
        "from: {functions: ['pkg.edit.*'], async: false}",
        "from: {functions: ['pkg.*'], except: ['*']}",
    ],
)
def test_chains_end_where_the_rule_says(more: str) -> None:
    """At functions, at what is allowed, and outside of the scope nothing begins."""
    head = "" if more.startswith("from") else "from: ['pkg.edit.*']\n"
    rule = rule_of(f"kind: reach\n{head}forbid: ['time.*']\n{more}")
    assert judge(rule, CODE.format(mark="")) == []


def test_the_outermost_entry_begins_a_chain() -> None:
    """One finding for a scope that covers all of a chain."""
    rule = rule_of("kind: reach\nfrom: ['pkg.*']\nforbid: [time.sleep]")
    (finding,) = kinds.check(rule, world_of(CODE.format(mark=""))).findings
    assert finding.source == "pkg.edit.edit"


def test_a_circle_of_entries_is_entered_too() -> None:
    """No one is outermost there."""
    text = "# file: pkg/a.py\nimport time\ndef f():\n    g()\ndef g():\n    f()\n    time.sleep(1)\n"
    rule = rule_of("kind: reach\nfrom: ['pkg.*']\nforbid: [time.sleep]")
    assert len(kinds.check(rule, world_of(text)).findings) == 1


LOG = """# file: pkg/a.py
def entry():
    logged()
    {extra}
def logged():
    log()
    apply()
def log(): ...
def apply(): ...
"""


def test_what_must_be_passed_through_is_missed_on_the_way_around_only() -> None:
    """A chain through the gate is fine, one past it is found."""
    rule = rule_of("kind: reach\nfrom: [pkg.a.entry]\nto: [pkg.a.apply]\nthrough: [pkg.a.logged]")
    assert judge(rule, LOG.format(extra="pass")) == []
    assert judge(rule, LOG.format(extra="apply()  # found")) == []


def test_what_must_be_reached_is_missed_where_no_chain_comes_to_it() -> None:
    """The entry itself is shown."""
    rule = rule_of("kind: reach\nfrom: [pkg.a.entry, pkg.a.log]\nrequire: [pkg.a.apply]")
    (finding,) = kinds.check(rule, world_of(LOG.format(extra="pass"))).findings
    assert finding.message == "pkg.a.log never comes to pkg.a.apply"
