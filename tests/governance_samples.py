"""Small packages and rules for the tests of governance."""

from typing import Any

import yaml

from whiteboard.governance.graph.build import build
from whiteboard.governance.rules.document import Rule, parse
from whiteboard.governance.rules.examples import split
from whiteboard.governance.rules.kinds import SPECS
from whiteboard.governance.rules.world import World
from whiteboard.governance.sources import from_texts


def rule_of(text: str, **keys: Any) -> Rule:
    """A rule from its own keys in YAML; what all rules need is filled in."""
    head = {"id": "T-1", "title": "a rule", "rationale": "because", "owner": "core"}
    return parse({**head, **yaml.safe_load(text), **keys}, "rule.yaml", SPECS)


def world_of(text: str) -> World:
    """The world of modules that are written as an example is, with lines `# file: …`."""
    sources = from_texts(split(text))
    assert not sources.errors, sources.errors
    return World(build(sources.files))
