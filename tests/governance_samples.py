"""Small packages and rules for the tests of governance."""

import datetime as dt
import subprocess
from pathlib import Path
from typing import Any

import yaml

from whiteboard.governance.checking import Outcome, hold_against
from whiteboard.governance.graph.build import build
from whiteboard.governance.rules.document import Rule, parse
from whiteboard.governance.rules.examples import split
from whiteboard.governance.rules.kinds import SPECS
from whiteboard.governance.rules.world import World
from whiteboard.governance.sources import from_texts

TODAY = dt.date(2026, 11, 28)


def rule_of(text: str, **keys: Any) -> Rule:
    """A rule from its own keys in YAML; what all rules need is filled in."""
    head = {"id": "T-1", "title": "a rule", "rationale": "because", "owner": "core"}
    return parse({**head, **yaml.safe_load(text), **keys}, "rule.yaml", SPECS)


def world_of(text: str) -> World:
    """The world of modules that are written as an example is, with lines `# file: …`."""
    sources = from_texts(split(text))
    assert not sources.errors, sources.errors
    return World(build(sources.files))


def outcome_of(code: str, *rules: Rule) -> Outcome:
    """What rules say of a small package."""
    return hold_against(world_of(code).graph, rules, TODAY)


SLEEPY = """# file: pkg/edit.py
from pkg import store
async def edit(board):
    store.save(board)
# file: pkg/store.py
import time
def save(board):
    write(board)
def write(board):
    time.sleep(1)
"""
"""An entry that comes to a blocking call, three calls deep."""

NO_SLEEP = """
kind: reach
from: {functions: ['pkg.edit.*'], async: true}
forbid: [time.sleep]
instead: "wait in a thread: 100 %, always"
"""


def git(folder: Path, *arguments: str) -> None:
    """Run git as somebody."""
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)
