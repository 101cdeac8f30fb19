"""What changed between two versions, in a repository made for it."""

import subprocess
from pathlib import Path

import pytest

from whiteboard.governance.history import UnusableHistory
from whiteboard.governance.timeouts.changes import Change, RegistryHistory, told
from whiteboard.governance.timeouts.declared import version_of

PATH = "pkg/timeouts.py"


def commit(folder: Path, text: str, author: str, subject: str, path: str = PATH) -> None:
    """One more commit of the registry."""
    (folder / path).parent.mkdir(exist_ok=True)
    (folder / path).write_text(text)
    who = ["-c", f"user.name={author}", "-c", "user.email=a@example.org"]
    for command in (["add", "-A"], [*who, "commit", "-qm", subject, "--date=2026-01-02T03:04:05Z"]):
        subprocess.run(["git", "-C", str(folder), *command], check=True)


@pytest.fixture
def history(tmp_path: Path) -> RegistryHistory:
    """Three commits: an entry, one more and a change of the first, one that does not read and then goes on."""
    subprocess.run(["git", "init", "-q", "-b", "main", str(tmp_path)], check=True)
    commit(tmp_path, 'A = register("a", 1.0, "SLA-X-1: one")\n', "Ada", "One")
    commit(
        tmp_path,
        'A = register("a", 2.0, "SLA-X-1: two")\nB = register("b", 5, "SLA-X-1: b")\n',
        "Ben",
        "Two\n\nand more",
    )
    commit(tmp_path, "A = register(\n", "Cy", "Broken")
    commit(tmp_path, 'A = register("a", 2.0, "SLA-X-1: two")\n', "Cy", "No b")
    return RegistryHistory(tmp_path)


def lines(changes: list[Change]) -> list[str]:
    """For people, without the commits' ids."""
    return [
        " ".join(line.split()[1:])
        if line[4:5].isalnum() and line.startswith("    ") and " 2026-" in line
        else line
        for change in changes
        for line in told(change)
    ]


def test_what_changed_and_who_did_it(history: RegistryHistory) -> None:
    """Values and reasons, with the commits that touched them."""
    assert lines(history.changes(PATH, "main~3", "main~2")) == [
        "~ a 1 s -> 2 s",
        "    rationale: SLA-X-1: one\n        now: SLA-X-1: two",
        "2026-01-02 Ben: Two",
        "+ b 5 s: SLA-X-1: b",
        "2026-01-02 Ben: Two",
    ]


def test_an_entry_that_went(history: RegistryHistory) -> None:
    """And a commit in between that does not read is passed over."""
    assert lines(history.changes(PATH, "main~2", "main"))[0] == "- b 5 s"


def test_no_registry_yet(history: RegistryHistory) -> None:
    """A file that is not there has no entries; a revision that is not there is an error."""
    assert history.registry_at("pkg/other.py", "main") == {}
    with pytest.raises(UnusableHistory):
        history.registry_at(PATH, "nosuch")


def test_a_version_is_found(history: RegistryHistory) -> None:
    """By the values that a commit's registry has; the newest such commit."""
    wanted = version_of(history.registry_at(PATH, "main~3"))
    assert history.revision_of(PATH, wanted) == history.revision_of(PATH, "main~3")
    with pytest.raises(UnusableHistory, match=r"no commit of pkg/timeouts\.py has the version 0123456789ab"):
        history.revision_of(PATH, "0123456789ab")
    with pytest.raises(UnusableHistory, match="nosuch is neither a git revision nor a version"):
        history.revision_of(PATH, "nosuch")


def test_a_module_that_becomes_a_package_is_one_registry(history: RegistryHistory, tmp_path: Path) -> None:
    """What moved is unchanged, and what changed in the move is told; asked by either path."""
    (tmp_path / PATH).unlink()
    (tmp_path / "pkg" / "timeouts").mkdir()
    (tmp_path / "pkg" / "timeouts" / "more.py").write_text('C = register("c", 3, "SLA-X-1: c")\n')
    commit(tmp_path, 'A = register("a", 2.0, "SLA-X-1: two")\n', "Di", "Apart", "pkg/timeouts/first.py")
    assert lines(history.changes(PATH, "main~1", "main")) == ["+ c 3 s: SLA-X-1: c", "2026-01-02 Di: Apart"]
    assert history.registry_at("pkg/timeouts", "main").keys() == {"a", "c"}
    assert history.registry_at("pkg/timeouts", "main~1").keys() == {"a"}
