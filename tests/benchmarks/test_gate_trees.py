"""With what the gate compares."""

import subprocess
from pathlib import Path

import pytest

from benchmarks.gate import trees


@pytest.fixture(autouse=True)
def not_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever runs these tests names no base."""
    monkeypatch.delenv("GATE_BASE", raising=False)


def git(checkout: Path, *arguments: str) -> str:
    """What git prints, without anybody's own settings."""
    settings = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main"]
    command = ["git", *settings, "-C", str(checkout), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def commit(checkout: Path, text: str) -> str:
    """A new commit, whose package says this."""
    (checkout / "whiteboard").mkdir(exist_ok=True)
    (checkout / "whiteboard/__init__.py").write_text(text)
    git(checkout, "add", "-A")
    git(checkout, "commit", "-qm", text)
    return git(checkout, "rev-parse", "HEAD")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with two commits on main."""
    git(tmp_path, "init", "-q")
    commit(tmp_path, "one = 1\n")
    commit(tmp_path, "two = 2\n")
    return tmp_path


def test_on_main_it_is_the_commit_before(checkout: Path) -> None:
    """Where no file names another."""
    assert trees.base_of(checkout) == (git(checkout, "rev-parse", "HEAD~1"), "the commit before")


def test_on_main_it_is_the_commit_that_the_file_names(checkout: Path) -> None:
    """What became slower little by little is slower than that too."""
    first = git(checkout, "rev-parse", "HEAD~1")
    commit(checkout, "three = 3\n")
    file = checkout / trees.BASE_FILE
    file.parent.mkdir(parents=True)
    file.write_text(f"{first}\n")
    assert trees.base_of(checkout)[0] == first


def test_on_a_branch_it_is_where_it_left_main(checkout: Path) -> None:
    """However many commits ago."""
    left = git(checkout, "rev-parse", "HEAD")
    git(checkout, "checkout", "-qb", "faster")
    commit(checkout, "three = 3\n")
    commit(checkout, "four = 4\n")
    assert trees.base_of(checkout) == (left, "where this left main")


def test_a_named_one_must_be_there(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A typing error is no reason to compare with something else, or with nothing."""
    assert trees.base_of(checkout, "HEAD~1")[0] == git(checkout, "rev-parse", "HEAD~1")
    with pytest.raises(trees.NoSuchCommit, match="no commit 'mian'"):
        trees.base_of(checkout, "mian")
    monkeypatch.setenv("GATE_BASE", "mian")
    with pytest.raises(trees.NoSuchCommit, match="no commit 'mian'"):
        trees.base_of(checkout)


def test_the_first_commit_has_none(tmp_path: Path) -> None:
    """Nor has a folder that is no repository."""
    with pytest.raises(trees.NoBase):
        trees.base_of(tmp_path)
    git(tmp_path, "init", "-q")
    commit(tmp_path, "one = 1\n")
    with pytest.raises(trees.NoBase, match="first one"):
        trees.base_of(tmp_path)


def test_trees_are_what_was_committed_and_what_is_there(
    checkout: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The head may have changes that nobody has committed."""
    (checkout / "whiteboard/__init__.py").write_text("three = 3\n")
    base, head = tmp_path_factory.mktemp("base"), tmp_path_factory.mktemp("head")
    trees.extract(checkout, git(checkout, "rev-parse", "HEAD"), base)
    trees.copy(checkout, head)
    assert (base / "whiteboard/__init__.py").read_text() == "two = 2\n"
    assert (head / "whiteboard/__init__.py").read_text() == "three = 3\n"
