"""The source trees that are compared: what the checkout has, and what a commit had."""

import io
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final
from zipfile import ZipFile

PACKAGE: Final = "whiteboard"
BASE_FILE: Final = "benchmarks/gate/base"
MAIN_BRANCHES: Final = ("origin/main", "main")


class NoBase(Exception):
    """Nothing to compare with; says why."""


class NoSuchCommit(Exception):
    """What somebody asked to compare with is not here; says its name."""


def _git(checkout: Path, *arguments: str) -> bytes:
    """What git prints. Raises NoBase with its words when it fails or is not there."""
    try:
        done = subprocess.run(["git", "-C", str(checkout), *arguments], capture_output=True, check=False)
    except FileNotFoundError:
        raise NoBase("git is not installed") from None
    if done.returncode:
        raise NoBase(done.stderr.decode(errors="replace").strip() or f"git {arguments[0]} failed")
    return done.stdout


def _commit(checkout: Path, name: str) -> str | None:
    try:
        return _git(checkout, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}").decode().strip()
    except NoBase:
        return None


def base_of(checkout: Path, named: str | None = None) -> tuple[str, str]:
    """The commit to compare with, and why this one.

    In this order: `named`, GATE_BASE, where a branch left the main one, the commit in BASE_FILE, the commit before.
    Raises NoBase where none of them is there, NoSuchCommit for a named one that is not.
    """
    head = _git(checkout, "rev-parse", "HEAD").decode().strip()
    wanted = named or os.environ.get("GATE_BASE")
    if wanted:
        found = _commit(checkout, wanted)
        if found is None:
            raise NoSuchCommit(f"there is no commit {wanted!r} here")
        return found, f"named {wanted}"
    for branch in MAIN_BRANCHES:
        if _commit(checkout, branch) is not None:
            left = _git(checkout, "merge-base", "HEAD", branch).decode().strip()
            if left != head:
                return left, f"where this left {branch}"
    file = checkout / BASE_FILE
    if file.exists() and (found := _commit(checkout, file.read_text().split()[0])) not in {None, head}:
        assert found is not None
        return found, f"named in {BASE_FILE}"
    if found := _commit(checkout, "HEAD~1"):
        return found, "the commit before"
    raise NoBase("HEAD has no commit before it: this is its first one, or the clone is shallow")


def extract(checkout: Path, commit: str, into: Path) -> None:
    """The package as a commit has it. Raises NoBase when the commit has none."""
    archive = _git(checkout, "archive", "--format=zip", commit, PACKAGE)
    with ZipFile(io.BytesIO(archive)) as opened:
        opened.extractall(into)


def copy(checkout: Path, into: Path) -> None:
    """The package as the checkout has it now, committed or not."""
    shutil.copytree(checkout / PACKAGE, into / PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))
