"""What git is asked."""

from pathlib import Path

import pytest
from governance_samples import git

from whiteboard.governance.history import History, UnusableHistory, lines_of


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A package with one commit."""
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "__init__.py").write_text("")
    (tmp_path / "pkg" / "a.py").write_text("one = 1\ntwo = 2\nthree = 3\n")
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message=first")
    return tmp_path


def test_files_are_read_as_they_were_at_a_revision(repository: Path) -> None:
    """Whatever lies in the folder now."""
    (repository / "pkg" / "a.py").write_text("changed = 1\n")
    files = History(repository).files_at("HEAD", repository / "pkg")
    assert files == {"pkg/__init__.py": "", "pkg/a.py": "one = 1\ntwo = 2\nthree = 3\n"}


def test_changed_lines_are_those_of_the_working_tree_new_files_whole(repository: Path) -> None:
    """Altered and added lines; around a removal, the lines beside the gap."""
    (repository / "pkg" / "a.py").write_text("one = 1\nthree = 3\nfour = 4\n")
    (repository / "pkg" / "new.py").write_text("a = 1\nb = 2\n")
    changed = History(repository).changed_lines("HEAD")
    assert changed["pkg/a.py"] == {1, 2, 3}
    assert {1, 2} <= changed["pkg/new.py"]


def test_the_merge_base_is_where_a_branch_began(repository: Path) -> None:
    """Not the tip of what it is compared with."""
    history = History(repository)
    began = history.merge_base("main")
    git(repository, "checkout", "--quiet", "-b", "branch")
    git(repository, "commit", "--quiet", "--allow-empty", "--message=mine")
    assert history.merge_base("main") == began


def test_a_revision_that_is_none_is_told_in_a_sentence(repository: Path) -> None:
    """As is a folder without a repository; a revision is never taken for an option."""
    with pytest.raises(UnusableHistory, match="git merge-base"):
        History(repository).merge_base("--all")
    with pytest.raises(UnusableHistory, match="not a git repository"):
        History(Path("/"))
    with pytest.raises(UnusableHistory, match="lies outside of the repository"):
        History(repository).files_at("HEAD", Path("/"))


def test_hunks_are_read_from_a_diff_without_context() -> None:
    """Also one that only removes, and a file that is removed."""
    diff = (
        "+++ b/a.py\n@@ -1,2 +3,2 @@\n+x\n+y\n@@ -9 +11 @@\n+z\n@@ -20,2 +21,0 @@\n-q\n"
        "+++ /dev/null\n@@ -1 +0,0 @@\n-x\n"
    )
    assert lines_of(diff) == {"a.py": {3, 4, 11, 21, 22}}
