"""What changed between two versions of a registry, and who changed it, from git."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

import attrs

from whiteboard.governance.history import History, UnusableHistory
from whiteboard.governance.timeouts.declared import Declared, Unreadable, entries_of, places_of, version_of

_VERSION: Final = re.compile(r"[0-9a-f]{12}")
MAX_COMMITS: Final = 2_000
"""So many commits of one registry are looked at for a version, or for who changed what."""


@attrs.frozen
class Commit:
    """Who changed the registry, when and why."""

    id: str
    author: str
    day: str
    subject: str


@attrs.frozen
class Change:
    """What became of one entry."""

    name: str
    before: Declared | None
    after: Declared | None
    commits: tuple[Commit, ...] = ()
    """Those that touched it, the oldest first."""


class RegistryHistory(History):
    """The history of registries, also of one that was a module and became a package. Raises UnusableHistory, here and later."""

    def commits(self, path: str, revisions: str) -> list[Commit]:
        """Those that touched it, the oldest first."""
        wanted = "--format=%H%x00%an%x00%as%x00%s"
        places = [f":/{place}" for place in places_of(path)]
        told = self._ask(
            "log", "--reverse", f"-{MAX_COMMITS}", wanted, "--end-of-options", revisions, "--", *places
        )
        return [Commit(*line.split("\0", 3)) for line in told.decode("utf-8", "replace").splitlines()]

    def registry_at(self, path: str, revision: str) -> dict[str, Declared]:
        """The entries at a revision; none when the registry is not there yet."""
        texts = self.texts_at(revision, *places_of(path))
        return entries_of({f"{revision}:{name}": text for name, text in texts.items()})

    def revision_of(self, path: str, wanted: str) -> str:
        """A git revision as it is; of a version, the newest commit whose registry has it.

        Raises UnusableHistory when neither is known.
        """
        try:
            return (
                self._ask("rev-parse", "--verify", "--end-of-options", f"{wanted}^{{commit}}")
                .decode()
                .strip()
            )
        except UnusableHistory:
            if not _VERSION.fullmatch(wanted):
                raise UnusableHistory(f"{wanted} is neither a git revision nor a version") from None
        for commit in reversed(self.commits(path, "HEAD")):
            if version_of(self._readable(path, commit.id)) == wanted:
                return commit.id
        raise UnusableHistory(
            f"no commit of {path} has the version {wanted}: values that configuration overrides are in no commit"
        )

    def changes(self, path: str, before: str, after: str) -> list[Change]:
        """What became of each entry that differs between two revisions, with who did it."""
        found = compare(self.registry_at(path, before), self.registry_at(path, after))
        touched: dict[str, list[Commit]] = {}
        for commit in self.commits(path, f"{before}..{after}"):
            for change in compare(self._readable(path, f"{commit.id}^"), self._readable(path, commit.id)):
                touched.setdefault(change.name, []).append(commit)
        return [attrs.evolve(change, commits=tuple(touched.get(change.name, ()))) for change in found]

    def _readable(self, path: str, revision: str) -> dict[str, Declared]:
        """The entries; none where the text does not read, or there is no such commit."""
        try:
            return self.registry_at(path, revision)
        except (Unreadable, UnusableHistory):
            return {}


def compare(before: Mapping[str, Declared], after: Mapping[str, Declared]) -> list[Change]:
    """Entries that came, went or say something else, in the order of their names."""
    return [
        Change(name, before.get(name), after.get(name))
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]


def told(change: Change) -> Iterator[str]:
    """A change in lines for people."""
    one, other = change.before, change.after
    if one is None and other is not None:
        yield f"+ {change.name} {other.seconds:g} s: {other.rationale}"
    elif other is None and one is not None:
        yield f"- {change.name} {one.seconds:g} s"
    elif one is not None and other is not None:
        yield f"~ {change.name} " + (
            f"{one.seconds:g} s -> {other.seconds:g} s"
            if one.seconds != other.seconds
            else f"{other.seconds:g} s"
        )
        for field in ("rationale", "scenario", "sli", "alert"):
            if getattr(one, field) != getattr(other, field):
                yield f"    {field}: {getattr(one, field) or 'none'}\n        now: {getattr(other, field) or 'none'}"
    for commit in change.commits:
        yield f"    {commit.id[:10]} {commit.day} {commit.author}: {commit.subject}"
