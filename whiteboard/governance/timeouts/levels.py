"""Service levels, from a YAML document, and what an entry takes from its own."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
import cattrs
import yaml

from whiteboard.governance.timeouts.declared import Declared, Unreadable


@attrs.frozen
class Sli:
    """What tells whether a level is kept."""

    metric: str
    quantile: str


@attrs.frozen
class Alert:
    """When to wake somebody."""

    expr: str
    threshold: str


@attrs.frozen
class Level:
    """One service level, with what the document says for all of them filled in."""

    promise: str
    source: str
    owner: str
    approval: str
    sli: Sli
    alert: Alert


@attrs.frozen
class Promise:
    """What one entry is measured by, whose it is and who approves a change of it."""

    entry: Declared
    level: Level
    sli: str
    alert: str


def read_levels(path: Path) -> dict[str, Level]:
    """Levels by id. Raises Unreadable, with the path of what is wrong in it."""
    try:
        document = yaml.safe_load(path.read_text("utf-8"))
        defaults, levels = document["defaults"], document["slas"]
        return {sla: _level(sla, {**defaults, **level}) for sla, level in levels.items()}
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise Unreadable(f"{path}: expected `defaults` and `slas` by id: {error}") from error
    except ValueError as error:
        raise Unreadable(f"{path}: {error}") from error


def _level(sla: str, values: Mapping[str, Any]) -> Level:
    converter = cattrs.Converter(forbid_extra_keys=True)
    try:
        return converter.structure(values, Level)
    except cattrs.BaseValidationError as error:
        faults = "; ".join(cattrs.transform_error(error, path=sla))
        raise ValueError(faults) from error


def faults(entries: Mapping[str, Declared], levels: Mapping[str, Level]) -> Iterator[str]:
    """What entries and levels do not agree on: a dangling id, one that nobody uses, an entry without a scenario."""
    for name, entry in entries.items():
        if not entry.sla:
            yield f"{name}: its rationale does not begin with the id of a service level, as in SLA-LIVE-1: why"
        elif entry.sla not in levels:
            yield f"{name}: there is no service level {entry.sla}"
        if not entry.scenario:
            yield f"{name}: names no scenario that tests it at 0.8 and 1.2 of its value"
    for sla in sorted(set(levels) - {entry.sla for entry in entries.values()}):
        yield f"{sla}: no entry refers to it"


def promise_of(entry: Declared, levels: Mapping[str, Level]) -> Promise:
    """What an entry whose level is there promises: its level's, but for what the entry states itself."""
    level = levels[entry.sla]
    sli = entry.sli or f"{level.sli.metric} {level.sli.quantile}"
    alert = entry.alert or f"{level.alert.expr} {level.alert.threshold}"
    return Promise(entry, level, sli.replace("{timeout}", entry.name), alert.replace("{timeout}", entry.name))
