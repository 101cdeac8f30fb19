"""Retry loops as the text shows them.

A retry loop tries the same thing again: its `try` leaves the loop when it goes well, and a handler lets the loop go on
when it does not. A loop that goes on in both cases serves something for ever and retries nothing; a `for` over
addresses asks others instead of asking again; a `while` that never sleeps waits for readiness or takes the next one
of several. These are left alone.
"""

import ast
from collections.abc import Iterator
from typing import Final

import attrs

from whiteboard.governance.rules.registry import constant

_COUNTERS: Final = frozenset({"range", "count", "repeat"})

Loop = ast.For | ast.AsyncFor | ast.While


@attrs.frozen
class RetryLoop:
    """A loop that tries again."""

    node: Loop
    attempt: ast.Try
    tries: ast.expr | None
    """How often, as it is written; None when nothing bounds it."""


def retry_loops(nodes: list[ast.AST]) -> Iterator[RetryLoop]:
    """The retry loops among a function's own nodes."""
    for node in nodes:
        if (isinstance(node, ast.While) and _sleeps(node)) or (
            isinstance(node, ast.For | ast.AsyncFor) and _counts(node.iter)
        ):
            for attempt in _attempts(node.body):
                if _goes_on(attempt) and _leaves(attempt, node):
                    yield RetryLoop(node, attempt, _tries(node))


def _sleeps(loop: ast.While) -> bool:
    calls = (node for node in ast.walk(loop) if isinstance(node, ast.Call))
    return any("sleep" in ast.unparse(call.func).rpartition(".")[2] for call in calls)


def _counts(iterated: ast.expr) -> bool:
    return isinstance(iterated, ast.Call) and ast.unparse(iterated.func).rpartition(".")[2] in _COUNTERS


def _tries(node: Loop) -> ast.expr | None:
    if isinstance(node, ast.While):
        return node.test.comparators[0] if isinstance(node.test, ast.Compare) else None
    call = node.iter
    if not isinstance(call, ast.Call) or not call.args or ast.unparse(call.func).endswith("count"):
        return None
    match call.args:
        case [first, last, *_] if (begin := constant(first)) is not None:
            end = constant(last)
            return last if end is None else ast.Constant(end - begin)
        case _:
            return call.args[-1 if ast.unparse(call.func).endswith("repeat") else 0]


def _attempts(body: list[ast.stmt]) -> Iterator[ast.Try]:
    """The `try` statements of a loop's own body, not those of loops in it."""
    for statement in body:
        if isinstance(statement, ast.Try):
            yield statement
        elif isinstance(statement, ast.With | ast.AsyncWith | ast.If):
            yield from _attempts(statement.body)


def _goes_on(attempt: ast.Try) -> bool:
    """Whether some handler may let the loop go on."""
    return any(not _ends(handler.body) for handler in attempt.handlers)


def _ends(body: list[ast.stmt]) -> bool:
    last = body[-1]
    if isinstance(last, ast.If):
        return bool(last.orelse) and _ends(last.body) and _ends(last.orelse)
    return isinstance(last, ast.Raise | ast.Return | ast.Break)


def _leaves(attempt: ast.Try, loop: Loop) -> bool:
    """Whether going well leaves the loop: by what the `try` ends with, or by what follows it."""
    if _exits([*attempt.body, *attempt.orelse]):
        return True
    following = _after(attempt, loop.body)
    handlers_skip = all(_ends(one.body) or isinstance(one.body[-1], ast.Continue) for one in attempt.handlers)
    return handlers_skip and bool(following) and _ends(following)


def _exits(body: list[ast.stmt]) -> bool:
    last = body[-1]
    if isinstance(last, ast.With | ast.AsyncWith):
        return _exits(last.body)
    return isinstance(last, ast.Return | ast.Break)


def _after(attempt: ast.Try, body: list[ast.stmt]) -> list[ast.stmt]:
    for place, statement in enumerate(body):
        if statement is attempt:
            return body[place + 1 :]
        if isinstance(statement, ast.With | ast.AsyncWith | ast.If) and attempt in ast.walk(statement):
            return _after(attempt, statement.body) or body[place + 1 :]
    return []
