"""Why rules cannot be used, in sentences that say where."""

import difflib
from collections.abc import Iterable, Iterator

import cattrs
from cattrs.errors import ClassValidationError, ForbiddenExtraKeysError, IterableValidationError


def nearest(name: str, known: Iterable[str]) -> str:
    """`; did you mean …?` with the known name that is most alike, or all of them when none is."""
    names = sorted(set(known))
    alike = difflib.get_close_matches(name, names, n=1)
    if alike:
        return f"; did you mean {alike[0]!r}?"
    return f"; there are {', '.join(names)}"


def lines_of(fault: BaseException, path: str = "") -> Iterator[str]:
    """`where: what` for each thing that is wrong inside a structuring fault."""
    if isinstance(fault, ClassValidationError):
        inside, others = fault.group_exceptions()
        for inner, note in inside:
            yield from lines_of(
                inner, f"{path}.{note.name.removesuffix('_')}" if path else note.name.removesuffix("_")
            )
        for other in others:
            yield from lines_of(other, path)
    elif isinstance(fault, IterableValidationError):
        listed, others = fault.group_exceptions()
        for inner, place in listed:
            yield from lines_of(inner, f"{path}[{place.index}]")
        for other in others:
            yield from lines_of(other, path)
    elif isinstance(fault, ForbiddenExtraKeysError):
        known = [field.name.removesuffix("_") for field in getattr(fault.cl, "__attrs_attrs__", ())]
        for key in sorted(map(str, fault.extra_fields)):
            yield f"{path}.{key}".lstrip(".") + f": unknown key{nearest(key, known)}"
    else:
        yield f"{path}: {_said(fault)}" if path else _said(fault)


def _said(fault: BaseException) -> str:
    if isinstance(fault, KeyError):
        return "missing"
    if isinstance(fault, AttributeError):  # a list or a word was asked for its keys
        return f"must be keys with values, not {fault.obj!r:.60}"
    if isinstance(fault, cattrs.BaseValidationError):
        return str(fault)
    return str(fault) or type(fault).__name__
