"""Exit stacks: what is put onto one runs where it is closed."""

from whiteboard.governance.graph.access import joined
from whiteboard.governance.graph.calls import Arguments
from whiteboard.governance.graph.foreign import ForeignCalls
from whiteboard.governance.graph.model import EdgeKind
from whiteboard.governance.graph.record import Node
from whiteboard.governance.graph.slots import NOTHING, Values, words
from whiteboard.governance.graph.values import (
    Container,
    ForeignInstance,
    FunctionValue,
    Instance,
    Method,
    Partial,
)

STACKS = words("contextlib.ExitStack contextlib.AsyncExitStack")

_CALLBACKS = words("callback push_async_callback")
_ENTERING = words("enter_context enter_async_context")
_EXITS = words("push push_async_exit")
_CLOSING = words("close aclose __exit__ __aexit__")


class Stacks(ForeignCalls):
    """Fills and closes exit stacks."""

    def call_method(self, method: Method, given: Arguments, node: Node, kind: EdgeKind) -> Values:
        stack, name = method.receiver, method.name
        if stack.type_name not in STACKS:
            return super().call_method(method, given, node, kind)
        self.edge(f"{stack.type_name}.{name}", kind, node)
        first = given.positional[0].values if given.positional else NOTHING
        if name in _CALLBACKS:
            self.flow(stack.items, self.with_arguments(given, node))
            return first
        if name in _ENTERING:
            self._push(stack, first, node)
            return self.enter(first, node, is_async=name == "enter_async_context")
        if name in _EXITS:
            self._push(stack, first, node)
            return first
        if name in _CLOSING:
            self._close(stack, node)
        return frozenset([stack]) if name == "pop_all" else NOTHING

    def enter(self, values: Values, node: Node, *, is_async: bool) -> Values:
        stacks = frozenset(
            each for each in values if isinstance(each, Container) and each.type_name in STACKS
        )
        for stack in stacks:
            if isinstance(stack, Container):
                self._close(stack, node)
        return stacks | super().enter(values - stacks, node, is_async=is_async)

    def _push(self, stack: Container, values: Values, node: Node) -> None:
        """What leaving the values runs: their `__exit__`, the rest of a generator, or the function itself."""
        instances = frozenset(each for each in values if isinstance(each, Instance | ForeignInstance))
        exits = joined(self.member(instances, name, node) for name in ("__exit__", "__aexit__"))
        self.flow(
            stack.items,
            (values - instances) | frozenset(each for each in exits if isinstance(each, FunctionValue)),
        )

    def _close(self, stack: Container, node: Node) -> None:
        for each in self.read(stack.items):
            if isinstance(each, Container):
                self.run_on(each, node)
            elif isinstance(each, FunctionValue | Partial | Method):
                self.call(frozenset([each]), Arguments(), node)
