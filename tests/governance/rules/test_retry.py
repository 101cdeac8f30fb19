"""Retries: in one place, few, growing, random, never nested."""

import pytest
from governance_samples import rule_of, world_of

from whiteboard.governance.rules import kinds
from whiteboard.governance.rules.examples import judge

RULE = "kind: retry\nhelper: [pkg.again.again]"
HEAD = "# file: pkg/again.py\nimport random\nimport trio\nTRIES = 3\n"


def loop(line: str, pause: str) -> str:
    """A helper with a loop and a pause."""
    return (
        f"async def again(operation, tries=3):\n    pause = 1\n    {line}\n        try:\n            return await operation()\n"
        f"        except OSError:\n            {pause}\n"
    )


GOOD = "await trio.sleep(random.uniform(0, 2 ** n))"


@pytest.mark.parametrize(
    "code",
    [
        loop("for n in range(3):", GOOD),
        loop("for n in range(TRIES):", GOOD),
        loop("for n in range(1, 4):", GOOD),
        loop("for n in range(4):  # found", GOOD),
        loop("while True:  # found", GOOD),
        loop("for n in range(3):  # found", "await trio.sleep(random.uniform(0, 1))"),
        loop("for n in range(3):  # found", "await trio.sleep(2 ** n)"),
    ],
)
def test_the_helper_tries_a_few_times_at_growing_random_distances(code: str) -> None:
    """Each part that lacks is found."""
    assert judge(rule_of(RULE), HEAD + code) == []


@pytest.mark.parametrize(
    "code",
    [
        loop("for n in range(3):  # found", GOOD),
        loop("while True:  # found", GOOD),
        "async def f():\n    while True:\n        try:\n            await g()\n        except OSError:\n            await trio.sleep(1)\n",
        "async def f(addresses):\n    for one in addresses:\n        try:\n            return await g(one)\n        except OSError:\n            await trio.sleep(1)\n",
        "async def f():\n    while True:\n        try:\n            return g()\n        except BlockingIOError:\n            await wait_readable()\n",
        "async def f():\n    for _ in range(3):\n        try:\n            return g()\n        except OSError:\n            raise\n",
        "async def f():\n    while True:  # found\n        try:\n            await g()\n        except OSError:\n            await trio.sleep(1)\n            continue\n        return\n",
    ],
)
def test_a_retry_loop_elsewhere_is_found_and_no_other_loop_is(code: str) -> None:
    """Serving for ever, asking others and waiting for readiness are no retries."""
    assert judge(rule_of(RULE.replace("again.again", "other")), HEAD + code) == []


def test_a_retry_inside_a_retry_is_found_along_the_chain() -> None:
    """The hops lead from the outer loop to the inner one."""
    text = (
        "# file: pkg/a.py\nimport trio\n"
        "async def f():\n    for n in range(3):\n        try:\n            return await g()\n        except OSError:\n            pass\n"
        "async def g():\n    return await h()\n"
        "async def h():\n    for n in range(3):\n        try:\n            return await trio.sleep(1)\n        except OSError:\n            pass\n"
    )
    findings = kinds.check(rule_of("kind: retry\nhelper: ['pkg.*']"), world_of(text)).findings
    nested = next(finding for finding in findings if "inside" in finding.sink)
    assert [hop.function for hop in nested.chain] == ["pkg.a.f", "pkg.a.f", "pkg.a.g", "pkg.a.h"]
