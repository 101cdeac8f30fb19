"""What is inside a deadline fits into it."""

import pytest
from governance_samples import rule_of, world_of

from whiteboard.governance.rules import kinds

RULE = "kind: budget\nregistry: {module: pkg.timeouts}\ncalls: {pkg.a.deadline: 0}"
HEAD = "# file: pkg/a.py\nimport trio\nfrom pkg import timeouts\ndef deadline(entry): ...\n"
TAIL = """# file: pkg/timeouts.py
from pkg.registry import register
REQUEST = register("request", 5.0, "why")
SAVE = register("save", 2.0, "why")
PAUSE = register("pause", 0.5, "why")
# file: pkg/registry.py
def register(name, seconds, rationale): ...
"""
REQUEST = "with trio.fail_after(timeouts.REQUEST.seconds):"


def said(body: str, rule: str = RULE) -> list[str]:
    """What the rule says of a function that does something within REQUEST, where `save` takes up to SAVE."""
    code = (
        f"async def outer():\n    {REQUEST}\n{body}\n"
        "async def save(patience=timeouts.SAVE):\n"
        "    with trio.fail_after(patience.seconds):\n        await trio.lowlevel.checkpoint()\n"
    )
    findings = kinds.check(rule_of(rule), world_of(HEAD + code + TAIL)).findings
    return [finding.message.rpartition("to what ")[2] for finding in findings]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("        await save(timeouts.SAVE)", []),
        ("        await save(timeouts.SAVE)\n        await save(timeouts.SAVE)", []),
        ("        for _ in range(2):\n            await save(timeouts.SAVE)", []),
        ("        for _ in range(3):\n            await save(timeouts.SAVE)", ["may take 6 s"]),
        (
            (
                "        for _ in range(2):\n            try:\n                await save(timeouts.SAVE)\n"
                "            except OSError:\n                await trio.sleep(timeouts.PAUSE.seconds * 2)"
            ),
            ["may take 6 s"],
        ),
        (
            (
                "        if wide:\n            await save(timeouts.SAVE)\n        elif other:\n            await save(timeouts.SAVE)\n"
                "        else:\n            await save(timeouts.SAVE)"
            ),
            [],
        ),
        ("        await trio.sleep(timeouts.SAVE.seconds * 3)", ["may take 6 s"]),
        ("        with deadline(timeouts.SAVE.seconds * 4):\n            await x()", ["may take 8 s"]),
        ("        with deadline(timeouts.SAVE.seconds * 4):\n            x()", []),
    ],
)
def test_tries_pauses_and_branches_are_added_up(body: str, found: list[str]) -> None:
    """REQUEST is 5 s, SAVE 2 s, PAUSE half a second."""
    assert said(body) == found


def test_of_a_sequence_only_the_longest_may_count() -> None:
    """Where a series of slow answers may run into the deadline outside."""
    body = "\n".join(["        await save(timeouts.SAVE)"] * 3)
    assert said(body) == ["may take 6 s"]
    assert said(body, RULE + "\nsequence: largest") == []


def test_the_chain_leads_to_the_largest_part() -> None:
    """From the outer deadline through the calls to the inner one."""
    code = (
        f"async def outer():\n    {REQUEST}\n        await middle()\nasync def middle():\n    await inner()\n"
        "async def inner():\n    with trio.move_on_after(timeouts.SAVE.seconds * 5):\n        await trio.lowlevel.checkpoint()\n"
    )
    (finding,) = kinds.check(rule_of(RULE), world_of(HEAD + code + TAIL)).findings
    assert [hop.function for hop in finding.chain] == [
        "pkg.a.outer",
        "pkg.a.outer",
        "pkg.a.middle",
        "pkg.a.inner",
    ]
