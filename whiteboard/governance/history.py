"""What git says of a repository: files at a revision, and the lines that were changed since one."""

import re
import subprocess
from pathlib import Path
from typing import Final

GIT_SECONDS: Final = 30.0
"""A `git show` of a few thousand files takes a second; past this the disk is gone or git asks for something."""
MAX_ANSWER_BYTES: Final = 256 * 2**20
"""What git may say: more than the sources of any package that can be parsed here."""

_HUNK: Final = re.compile(r"^@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@")


class UnusableHistory(Exception):
    """Git could not answer; the sentence says what it was asked and what it said."""


class History:
    """The history of the repository that a folder lies in. Raises UnusableHistory, here and later."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.root = Path(self._ask("rev-parse", "--show-toplevel").decode().strip())

    def merge_base(self, revision: str) -> str:
        """The commit at which HEAD and a revision parted."""
        return self._ask("merge-base", "--end-of-options", revision, "HEAD").decode().strip()

    def files_at(self, revision: str, folder: Path) -> dict[str, str]:
        """The Python files below a folder at a revision, by their paths from the repository's root."""
        if not folder.resolve().is_relative_to(self.root.resolve()):
            raise UnusableHistory(f"{folder} lies outside of the repository {self.root}")
        return self.texts_at(revision, folder.resolve().relative_to(self.root.resolve()).as_posix())

    def texts_at(self, revision: str, *places: str) -> dict[str, str]:
        """The Python files at some places or below them, which go by their paths from the root; none where nothing is."""
        listed = self._ask("ls-tree", "-r", "-z", "--name-only", "--full-tree", revision, "--", *places)
        names = listed.decode().split("\0")
        return self._texts(revision, [name for name in names if name.endswith(".py") and "\n" not in name])

    def changed_lines(self, revision: str) -> dict[str, set[int]]:
        """The lines of each file of the working tree that differ from a revision, new files whole."""
        told = self._ask("diff", "--unified=0", "--no-color", "--no-ext-diff", "--no-renames", revision, "--")
        changed = lines_of(told.decode("utf-8", "replace"))
        for name in self._ask("ls-files", "-z", "--others", "--exclude-standard").decode().split("\0"):
            if name.endswith(".py"):
                text = (self._folder / name).read_text(encoding="utf-8", errors="replace")
                changed[self._from_root(name)] = set(range(1, text.count("\n") + 2))
        return changed

    def _from_root(self, name: str) -> str:
        return (self._folder / name).resolve().relative_to(self.root.resolve()).as_posix()

    def _texts(self, revision: str, names: list[str]) -> dict[str, str]:
        """All at once: one `git cat-file` for thousands of files."""
        asked = "".join(f"{revision}:{name}\n" for name in names).encode()
        answer = self._ask("cat-file", "--batch", given=asked)
        texts, place = {}, 0
        for name in names:
            end = answer.index(b"\n", place)
            size = int(answer[place:end].split()[2])
            texts[name] = answer[end + 1 : end + 1 + size].decode("utf-8", "replace").replace("\r\n", "\n")
            place = end + 1 + size + 1
        return texts

    def _ask(self, *arguments: str, given: bytes = b"") -> bytes:
        command = ["git", "-C", str(self._folder), *arguments]
        try:
            done = subprocess.run(command, input=given, capture_output=True, timeout=GIT_SECONDS, check=False)  # noqa: S603 - arguments are a list
        except (OSError, subprocess.TimeoutExpired) as fault:
            raise UnusableHistory(f"git {arguments[0]} could not be run: {fault}") from fault
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise UnusableHistory(
                f"git {' '.join(arguments)}: {said[0] if said else f'exit code {done.returncode}'}"
            )
        if len(done.stdout) > MAX_ANSWER_BYTES:
            raise UnusableHistory(
                f"git {arguments[0]} says {len(done.stdout)} bytes; {MAX_ANSWER_BYTES} is the most"
            )
        return done.stdout


def lines_of(diff: str) -> dict[str, set[int]]:
    """The lines that a unified diff without context adds or alters, by file.

    Where it only removes, the lines on both sides of the gap count: one of them is what the change left.
    """
    changed: dict[str, set[int]] = {}
    path = None
    for line in diff.splitlines():
        if line.startswith("+++ "):
            path = line[6:] if line.startswith("+++ b/") else None
        elif path is not None and (hunk := _HUNK.match(line)):
            first, count = int(hunk[1]), int(hunk[2] or 1)
            changed.setdefault(path, set()).update(
                range(first, first + count) if count else (first, first + 1)
            )
    return changed
