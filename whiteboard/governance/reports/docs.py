"""The documents of the rules: a page for each, and a list of them all. Made from the rules alone, never from findings."""

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path, PurePosixPath
from typing import Any, Final

import attrs
import yaml

from whiteboard.governance.reports.pictures import picture
from whiteboard.governance.rules.document import Rule

INDEX: Final = "README.md"
_MADE: Final = "<!-- Generated from {source} by `python -m whiteboard check --write-docs`. -->"


def pages(rules: Sequence[Rule], rules_folder: Path, adr_folder: str = "../../adr") -> dict[str, str]:
    """The text of every page by its file name.

    Args:
        adr_folder: where decisions lie, seen from the pages.
    """
    made = {INDEX: _index(rules, rules_folder)}
    for rule in rules:
        made[f"{rule.id}.md"] = "\n".join(_page(rule, rules_folder / "examples" / rule.id, adr_folder)) + "\n"
    return made


def stale(folder: Path, made: Mapping[str, str]) -> list[str]:
    """Sentences about pages that are missing, differ, or belong to no rule any more."""
    problems = []
    for name, text in made.items():
        path = folder / name
        if not path.is_file():
            problems.append(f"{path} is missing")
        elif path.read_text(encoding="utf-8") != text:
            problems.append(f"{path} is stale")
    present = sorted(folder.glob("*.md")) if folder.is_dir() else []
    problems += [f"{path} belongs to no rule" for path in present if path.name not in made]
    return problems


def write(folder: Path, made: Mapping[str, str]) -> None:
    """Put the pages into a folder; pages of rules that are gone go too."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in made.items():
        (folder / name).write_text(text, encoding="utf-8")
    for path in folder.glob("*.md"):
        if path.name not in made:
            path.unlink()


def _index(rules: Sequence[Rule], rules_folder: Path) -> str:
    lines = [
        _MADE.format(source=f"{PurePosixPath(rules_folder).name}/*.yaml"),
        "# The rules of the architecture",
        "",
        "Each is held along the call graph by `python -m whiteboard check`, and proved by an example that it must find and",
        "one that it must not.",
        "",
        "| rule | says | kind | owner |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| [{rule.id}]({rule.id}.md) | {_cell(rule.title)} | {rule.kind} | {rule.owner} |" for rule in rules
    ]
    return "\n".join(lines) + "\n"


def _page(rule: Rule, examples: Path, adr_folder: str) -> Iterator[str]:
    yield _MADE.format(source=f"constraints/{PurePosixPath(rule.path).name}")
    yield f"# {rule.id}: {rule.title}"
    yield ""
    yield f"A rule of kind `{rule.kind}`; what breaks it is {_article(rule.severity)}. It belongs to {rule.owner}.{_sources(rule, adr_folder)}"
    yield ""
    yield "## Why"
    yield ""
    yield rule.rationale.strip()
    yield ""
    yield "## What it says"
    yield ""
    yield "```mermaid"
    yield picture(rule)
    yield "```"
    yield ""
    yield "```yaml"
    yield yaml.safe_dump(plain(rule.spec), sort_keys=False, allow_unicode=True, width=120).rstrip("\n")
    yield "```"
    if rule.instead:
        yield ""
        yield "## What to write instead"
        yield ""
        yield rule.instead.strip()
    for name, title in (("bad", "Is found"), ("good", "Is fine")):
        yield from _example(examples / f"{name}.py", title)
    if rule.waivers:
        yield ""
        yield "## Waived"
        yield ""
        yield "| what | why | until |"
        yield "| --- | --- | --- |"
        for waiver in rule.waivers:
            yield f"| `{waiver.path}` | {_cell(waiver.reason)} | {waiver.until} |"


def _article(severity: str) -> str:
    return "an error" if severity == "error" else "a warning"


def _sources(rule: Rule, adr_folder: str) -> str:
    told = f" It keeps {rule.sla}." if rule.sla else ""
    if rule.adr:
        told += f" Decided in [{rule.adr}]({adr_folder}/{rule.adr}.md)."
    return told


def _example(path: Path, title: str) -> Iterator[str]:
    if path.is_file():
        yield ""
        yield f"## {title}"
        yield ""
        yield "```python"
        yield path.read_text(encoding="utf-8").rstrip("\n")
        yield "```"


def plain(value: Any) -> Any:
    """What a rule's document says in the keys of its kind; what it leaves out is left out."""
    if attrs.has(type(value)):
        fields = [
            field for field in attrs.fields(type(value)) if getattr(value, field.name) != _default(field)
        ]
        return {field.name.removesuffix("_"): plain(getattr(value, field.name)) for field in fields}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, tuple) else value


def _default(field: "attrs.Attribute[Any]") -> Any:
    make = getattr(field.default, "factory", None)
    return field.default if make is None else make()


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
