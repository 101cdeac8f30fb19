"""What may enforce a decision, by names that are looked up: an enforcer that is not there enforces nothing.

contract:ID   an import contract of `constraints/*.toml` (`tool.importlinter`)
rule:ID       a rule of `constraints/*.yaml`
test:PATH     a test module, or a folder of them
spec:ID       a numbered rule of the documents under `docs/spec`, which a test cites in brackets
"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import attrs
import yaml

from whiteboard.governance.records import Unusable, read_text

CONTRACTS: Final = "constraints"
SPEC: Final = "docs/spec"
TESTS: Final = "tests"
_SPEC_RULE: Final = re.compile(r"^- \*\*([A-Z]+-\d+)\*\*", re.MULTILINE)
_CITED: Final = re.compile(r"\[([A-Z]+-\d+)\]")


@attrs.frozen
class Enforcers:
    """What a project has to enforce decisions with."""

    root: Path
    contracts: frozenset[str]
    rules: frozenset[str]
    spec: frozenset[str]
    """Numbered rules that a test cites."""

    def fault_of(self, name: str) -> str | None:
        """What is wrong with the enforcer of that name; None if it is there."""
        kind, _, which = name.partition(":")
        match kind:
            case "contract":
                return None if which in self.contracts else f"no contract {which} in {CONTRACTS}/*.toml"
            case "rule":
                return None if which in self.rules else f"no rule {which} in {CONTRACTS}/*.yaml"
            case "spec":
                return None if which in self.spec else f"no rule {which} in {SPEC} that a test cites"
            case "test":
                return None if self._is_test(which) else f"{which} is no test module and no folder with one"
        return f"{name} is none of contract:ID, rule:ID, test:PATH, spec:ID"

    def _is_test(self, which: str) -> bool:
        path = self.root / which
        return any(_test_files(path)) if path.is_dir() else path.is_file() and _is_test_file(path)


def read_enforcers(root: Path) -> Enforcers:
    """What the project in `root` has. Raises Unusable for a contract file that cannot be read."""
    return Enforcers(
        root,
        frozenset(_contracts(root / CONTRACTS)),
        frozenset(_rules(root / CONTRACTS)),
        frozenset(_spec_rules(root / SPEC) & _cited(root / TESTS)),
    )


def _contracts(folder: Path) -> Iterator[str]:
    for path in sorted(folder.glob("*.toml")):
        try:
            document = tomllib.loads(read_text(path))
        except tomllib.TOMLDecodeError as fault:
            raise Unusable([f"{path}: {fault}"]) from fault
        linter = document.get("tool", {}).get("importlinter", {})
        yield from (str(contract["id"]) for contract in linter.get("contracts", ()) if "id" in contract)


def _rules(folder: Path) -> Iterator[str]:
    """Ids alone: whether a rule is a good one is for the rules' own reader."""
    for path in sorted(folder.glob("*.yaml")):
        try:
            documents = list(yaml.safe_load_all(read_text(path)))
        except yaml.YAMLError as fault:
            raise Unusable([f"{path}: {' '.join(str(fault).split())}"]) from fault
        yield from (str(rule["id"]) for rule in documents if isinstance(rule, dict) and "id" in rule)


def _spec_rules(folder: Path) -> set[str]:
    return {rule for path in sorted(folder.glob("*.md")) for rule in _SPEC_RULE.findall(read_text(path))}


def _cited(folder: Path) -> set[str]:
    return {rule for path in _test_files(folder) for rule in _CITED.findall(read_text(path))}


def _test_files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and _is_test_file(path))


def _is_test_file(path: Path) -> bool:
    """Of Python (`test_*.py`) or of a page (`*.test.js`)."""
    return (path.name.startswith("test_") and path.suffix == ".py") or path.name.endswith(".test.js")
