"""Channels and queues have bounds."""

import pytest
from governance_samples import rule_of

from whiteboard.governance.rules.examples import judge

HEAD = "# file: pkg/a.py\nimport math\nimport trio\nfrom collections import deque\nfrom queue import Queue, SimpleQueue\nfrom pkg import limits\n"
TAIL = "# file: pkg/limits.py\nMOST = 4 * 1024\n"
RULE = "kind: channel\nqueues: true\nregistry: {module: pkg.limits, function: null}"


@pytest.mark.parametrize(
    "line",
    [
        "trio.open_memory_channel(math.inf)  # found",
        "trio.open_memory_channel[int](math.inf)  # found",
        "trio.open_memory_channel(float('inf'))  # found",
        "trio.open_memory_channel(16)  # found",
        "trio.open_memory_channel(0)",
        "trio.open_memory_channel(limits.MOST)",
        "trio.open_memory_channel(limits.MOST // 2)",
        "self.q = deque()  # found",
        "self.q = deque(maxlen=limits.MOST)",
        "self.q = deque([], None)  # found",
        "self.q = Queue()  # found",
        "self.q = Queue(0)  # found",
        "self.q = Queue(5)",
        "self.q = SimpleQueue()  # found",
        "waiting = deque()",
    ],
)
def test_a_channel_or_a_queue_that_lives_on_has_a_bound_with_a_name(line: str) -> None:
    """What is local to a call is left alone."""
    assert judge(rule_of(RULE), f"{HEAD}class A:\n    def __init__(self):\n        {line}\n{TAIL}") == []


@pytest.mark.parametrize(("text", "found"), [("len(self.q) > limits.MOST", ""), ("True", "  # found")])
def test_a_queue_may_be_held_to_a_limit_by_its_own_code(text: str, found: str) -> None:
    """The rule says which limit; the module has to name it."""
    code = f"class A:\n    def __init__(self):\n        self.q = deque(){found}\n    def full(self):\n        return {text}\n"
    rule = rule_of(RULE, bounded={"pkg.a.A.q": "pkg.limits.MOST"})
    assert judge(rule, HEAD + code + TAIL) == []


def test_without_a_registry_any_constant_will_do() -> None:
    """And infinity still will not."""
    code = "def f():\n    trio.open_memory_channel(16)\n    trio.open_memory_channel(math.inf)  # found\n"
    assert judge(rule_of("kind: channel"), HEAD + code) == []
