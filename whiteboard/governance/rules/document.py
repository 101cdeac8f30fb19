"""From `constraints/*.yaml` to rules: one document each, every fault with its path.

A document has keys that all rules share and those of its kind, side by side. What a kind understands is its
`Spec` class; which kinds there are is told by the caller, so that this module knows none of them.
"""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

import attrs
import cattrs
from cattrs.gen import make_dict_structure_fn, override

from whiteboard.governance import records
from whiteboard.governance.records import Unusable
from whiteboard.governance.rules import faults
from whiteboard.governance.rules.scope import Scope

Severity = Literal["error", "warning"]


@attrs.frozen
class Waiver:
    """A finding that is put up with, until a day."""

    path: str
    """`SOURCE -> SINK`, both globs; what the text report prints behind `waive as`."""
    reason: str
    until: dt.date
    """The last day on which it holds."""


@attrs.frozen
class Head:
    """What a rule of any kind says."""

    id: str
    title: str
    kind: str
    rationale: str
    """Why; names what breaks without it."""
    owner: str
    severity: Severity = "error"
    """Findings of a `warning` are shown and do not fail the check."""
    sla: str | None = None
    adr: str | None = None
    instead: str = ""
    """What to write instead."""
    waivers: tuple[Waiver, ...] = ()


@attrs.frozen(kw_only=True)
class Rule(Head):
    """One constraint. `spec` is what its kind understands."""

    spec: Any
    path: str = ""
    """The document, as it was named."""


COMMON: Final = tuple(field.name for field in attrs.fields(Head))


def load_folder(folder: Path, kinds: Mapping[str, type]) -> tuple[Rule, ...]:
    """The rules of all `*.yaml` of a folder that have a `kind`, by id. Raises Unusable with every fault.

    Documents without the key `kind` are something else that lies beside the rules, as a list of SLAs does.
    """
    problems: list[str] = []
    rules: dict[str, Rule] = {}
    for path in sorted(folder.glob("*.yaml")):
        try:
            rule = load(path, kinds)
        except Unusable as fault:
            problems += fault.problems
            continue
        if rule is None:
            continue
        if rule.id in rules:
            problems.append(f"{path}: id: {rule.id!r} is the id of {rules[rule.id].path} already")
        rules[rule.id] = rule
    if not problems and not rules:
        problems.append(f"{folder}: no rule in it (no *.yaml with a key `kind`)")
    if problems:
        raise Unusable(problems)
    return tuple(rules[name] for name in sorted(rules))


def load(path: Path, kinds: Mapping[str, type]) -> Rule | None:
    """The rule of one file, or None when the file holds something else. Raises Unusable."""
    document = records.parse(records.read_text(path), str(path))
    if not isinstance(document, dict) or "kind" not in document:
        return None
    return parse(document, str(path), kinds)


def parse(document: Mapping[str, Any], path: str, kinds: Mapping[str, type]) -> Rule:
    """The rule that a document describes. Raises Unusable with every fault."""
    kind = document["kind"]
    if kind not in kinds:
        raise Unusable([f"{path}: kind: no rule kind {kind!r}{faults.nearest(str(kind), kinds)}"])
    spec_class = kinds[kind]
    keys = {_key(field.name) for field in attrs.fields(spec_class)}
    shared = {key: value for key, value in document.items() if key in COMMON}
    own = {key: value for key, value in document.items() if key in keys}
    problems = [
        f"{path}: {key}: unknown key{faults.nearest(str(key), [*COMMON, *keys])}"
        for key in document
        if key not in shared and key not in own
    ]
    spec = _structured(own, spec_class, path, problems)
    head = _structured(shared, Head, path, problems)
    if problems:
        raise Unusable(problems)
    return Rule(**attrs.asdict(head, recurse=False), spec=spec, path=path)


def _structured(value: Mapping[str, Any], form: type, path: str, problems: list[str]) -> Any:
    try:
        return _CONVERTER.structure(value, form)
    except (cattrs.BaseValidationError, ValueError, TypeError) as fault:
        problems += [f"{path}: {line}" for line in faults.lines_of(fault)]
        return None


# --- what cattrs is taught --------------------------------------------------------------------
def _key(field_name: str) -> str:
    """`from_` is written `from`."""
    return field_name.removesuffix("_")


def _of_class(cls: type) -> Any:
    renamed: dict[str, Any] = {
        field.name: override(rename=_key(field.name))
        for field in attrs.fields(cls)
        if field.name.endswith("_")
    }
    return make_dict_structure_fn(cls, _CONVERTER, _cattrs_forbid_extra_keys=True, **renamed)


def _of_type(expected: type, said: str) -> Any:
    def structure(value: Any, _form: Any) -> Any:
        if type(value) is not expected:
            raise ValueError(f"{value!r} is not {said}")
        return value

    return structure


def _number(value: Any, _form: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{value!r} is no number")
    return float(value)


def _texts(value: Any, _form: Any) -> tuple[str, ...]:
    """A list of texts; one text stands for a list of one."""
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(text, str) for text in listed):
        raise ValueError(f"{value!r} is no list of texts")
    return tuple(listed)


def _text_or_place(value: Any, _form: Any) -> str | int:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"{value!r} is neither a name nor a position")
    return value


def _scope(value: Any, form: Any) -> Scope:
    return (
        Scope(functions=_texts(value, form))
        if isinstance(value, str | list)
        else _of_class(Scope)(value, form)
    )


_CONVERTER: Final = cattrs.Converter()
_CONVERTER.register_structure_hook_factory(attrs.has, _of_class)
_CONVERTER.register_structure_hook(Scope, _scope)
_CONVERTER.register_structure_hook(str, _of_type(str, "a text"))
_CONVERTER.register_structure_hook(int, _of_type(int, "a whole number"))
_CONVERTER.register_structure_hook(bool, _of_type(bool, "true or false"))
_CONVERTER.register_structure_hook(float, _number)
_CONVERTER.register_structure_hook(dt.date, _of_type(dt.date, "a day such as 2027-03-01"))
_CONVERTER.register_structure_hook_func(lambda form: form == tuple[str, ...], _texts)
_CONVERTER.register_structure_hook_func(lambda form: form == str | int, _text_or_place)
