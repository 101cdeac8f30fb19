"""Cleanup that waits, and shields."""

import pytest
from governance_samples import rule_of, world_of

from whiteboard.governance.rules import kinds
from whiteboard.governance.rules.examples import judge

RULE = "kind: cancellable\ntimed: [pkg.wrap.deadline]"
HEAD = "# file: pkg/a.py\nimport math\nimport trio\nfrom pkg.wrap import deadline\n"
TAIL = "# file: pkg/wrap.py\ndef deadline(entry): ...\n"


@pytest.mark.parametrize(
    "body",
    [
        "try:\n        work()\n    finally:\n        await trio.sleep(1)  # found",
        "try:\n        work()\n    except trio.Cancelled:\n        await trio.sleep(1)  # found\n        raise",
        "try:\n        work()\n    except BaseException:\n        await trio.sleep(1)  # found\n        raise",
        "try:\n        work()\n    except:\n        await trio.sleep(1)  # found\n        raise",
        "try:\n        work()\n    except (OSError, BaseException):\n        await trio.sleep(1)  # found",
        "try:\n        work()\n    except OSError:\n        await trio.sleep(1)",
        "try:\n        work()\n    finally:\n        async with lock:  # found\n            pass",
        "try:\n        work()\n    finally:\n        async for x in y:  # found\n            pass",
        "try:\n        work()\n    finally:\n        with trio.move_on_after(1, shield=True):\n            await trio.sleep(1)",
        "try:\n        work()\n    finally:\n        with trio.move_on_after(1):\n            await trio.sleep(1)  # found",
        "try:\n        work()\n    finally:\n        await stream.aclose()",
        "with trio.CancelScope(shield=True):\n        await trio.sleep(1)  # found",
        "with trio.CancelScope(shield=True, deadline=math.inf):\n        await trio.sleep(1)  # found",
        "with trio.CancelScope(shield=True, deadline=9):\n        await trio.sleep(1)",
        "with trio.CancelScope(shield=True), trio.fail_after(1):\n        await trio.sleep(1)",
        "with trio.CancelScope(shield=True), deadline(1):\n        await trio.sleep(1)",
        "with trio.CancelScope(shield=False):\n        await trio.sleep(1)",
        "scope = trio.CancelScope(shield=True)  # found",
        "scope = trio.CancelScope(shield=True)\n    scope.deadline = 9",
    ],
)
def test_what_waits_in_cleanup_is_shielded_within_a_deadline(body: str) -> None:
    """Each way to be cancelled, each way to shield."""
    assert judge(rule_of(RULE), f"{HEAD}async def f(stream, lock, y):\n    {body}\n{TAIL}") == []


def test_aexit_is_cleanup() -> None:
    """All of its body is."""
    code = "class A:\n    async def __aexit__(self, *error):\n        await trio.sleep(1)  # found\n"
    assert judge(rule_of(RULE), HEAD + code + TAIL) == []


def test_a_wait_three_functions_deep_is_found_with_its_way() -> None:
    """The chain goes from the cleanup to the wait that nothing guards."""
    code = (
        "async def f():\n    try:\n        pass\n    finally:\n        await g()\n"
        "async def g():\n    await h()\n"
        "async def h():\n    await trio.sleep(1)\n"
    )
    (finding,) = kinds.check(rule_of(RULE), world_of(HEAD + code + TAIL)).findings
    assert [hop.function for hop in finding.chain] == ["pkg.a.f", "pkg.a.g", "pkg.a.h"]
    assert finding.sink == "await g() in finally"


def test_functions_that_shield_themselves_may_be_awaited_in_cleanup() -> None:
    """At any depth."""
    code = (
        "async def f():\n    try:\n        pass\n    finally:\n        await g()\n"
        "async def g():\n    await h()\n"
        "async def h():\n    with trio.move_on_after(1, shield=True):\n        await trio.sleep(1)\n"
    )
    assert judge(rule_of(RULE), HEAD + code + TAIL) == []
