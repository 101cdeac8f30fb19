"""Ops: values."""

from whiteboard.core.ops import ElementType, Run


def test_a_run_ends_after_its_last_point() -> None:
    """`end` is an index after the run, also of an empty one."""
    assert Run(3, 2, b"[1,1],[2,2]").end == 5
    assert Run(3, 0, b"").end == 3


def test_element_types_are_the_creates() -> None:
    """The closed set of types. [OP-1]"""
    assert {kind.value for kind in ElementType} == {"stroke", "shape", "text", "note", "image", "page"}
