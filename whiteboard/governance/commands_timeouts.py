"""`python -m whiteboard timeouts list|diff|margins`. Light to import; what it needs comes when it runs."""

import argparse
from pathlib import Path
from typing import Final

from whiteboard.governance.commands_common import DONE, FOUND, add_root, complain

REGISTRY: Final = "whiteboard/timeouts"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What a registry can be asked."""
    asked = parser.add_subparsers(dest="asked", metavar="WHAT", required=True)
    listing = asked.add_parser(
        "list",
        help="every entry with its service level; 1 when one has none. Where there is no project: whiteboard's own durations",
    )
    difference = asked.add_parser(
        "diff", help="what changed between two revisions or versions, and who did it"
    )
    difference.add_argument("before", metavar="A", help="git revision, or a timeout_config_version")
    difference.add_argument("after", metavar="B", nargs="?", default="HEAD", help="the same (default: HEAD)")
    margins = asked.add_parser("margins", help="too tight, too lax: from what /debug/timeouts answered")
    margins.add_argument(
        "dump", metavar="FILE|URL", help="its JSON, or the URL of the server; - for standard input"
    )
    for one in (listing, difference):
        add_root(one)
        one.add_argument(
            "--registry",
            metavar="MODULE",
            default=REGISTRY,
            help="a module's or a package's path below it (default: %(default)s)",
        )
    listing.add_argument(
        "--levels", metavar="FILE", default="constraints/sla.yaml", help="below it (default: %(default)s)"
    )


def run(arguments: argparse.Namespace, dump: str = "") -> int:
    """Answer; exit code 0, 1 for what is wrong with entries, 2 for what cannot be read.

    Args:
        dump: for margins, what `arguments.dump` leads to.
    """
    from whiteboard.governance.history import UnusableHistory  # noqa: PLC0415 - see the module docstring
    from whiteboard.governance.timeouts.declared import Unreadable  # noqa: PLC0415 - see the module docstring
    from whiteboard.governance.timeouts.margins import NoDump  # noqa: PLC0415 - see the module docstring

    try:
        match arguments.asked:
            case "list":
                return _list(arguments)
            case "diff":
                return _diff(arguments)
            case _:
                return _margins(dump)
    except (Unreadable, UnusableHistory, NoDump) as fault:
        return complain([str(fault)])


def _list(arguments: argparse.Namespace) -> int:
    from whiteboard.governance.timeouts import declared, levels  # noqa: PLC0415 - see the module docstring

    if not _is_there(arguments):
        return _list_own()
    entries = declared.read_registry(arguments.root, arguments.registry)
    known = levels.read_levels(arguments.root / arguments.levels)
    if faults := list(levels.faults(entries, known)):
        print("\n".join(faults))
        return FOUND
    for sla, level in known.items():
        print(
            f"{sla}  {level.promise}\n    {level.source}; owner {level.owner}; a change takes {level.approval}"
        )
        for entry in (one for one in entries.values() if one.sla == sla):
            promise = levels.promise_of(entry, known)
            print(
                f"  {entry.name:<20} {declared.shown(entry.seconds):>8} s  {promise.sli}; wakes: {promise.alert}"
            )
    print(f"{len(entries)} durations, {len(known)} service levels, version {declared.version_of(entries)}")
    return DONE


def _is_there(arguments: argparse.Namespace) -> bool:
    """Whether there is a project, or one was asked for by name."""
    from whiteboard.governance.timeouts.declared import places_of  # noqa: PLC0415 - see the module docstring

    if arguments.registry != REGISTRY or arguments.root != Path():
        return True
    return any((arguments.root / place).exists() for place in places_of(REGISTRY))


def _list_own() -> int:
    """The durations of the package that runs, as whoever sets one wants to know them."""
    from whiteboard.governance.timeouts import declared  # noqa: PLC0415 - see the module docstring

    entries = declared.read_registry(Path(__file__).parents[2], REGISTRY)
    for entry in sorted(entries.values(), key=lambda one: one.name):
        print(f"{entry.name:<20} {declared.shown(entry.seconds):>8} s  {entry.rationale}")
    print(f"{len(entries)} durations, version {declared.version_of(entries)}")
    return DONE


def _diff(arguments: argparse.Namespace) -> int:
    from whiteboard.governance.timeouts import changes, declared  # noqa: PLC0415 - see the module docstring

    history, path = changes.RegistryHistory(arguments.root), arguments.registry
    before, after = (history.revision_of(path, wanted) for wanted in (arguments.before, arguments.after))
    versions = [declared.version_of(history.registry_at(path, one)) for one in (before, after)]
    found = history.changes(path, before, after)
    print(
        f"{before[:10]} (version {versions[0]}) -> {after[:10]} (version {versions[1]}): {len(found)} changed"
    )
    for change in found:
        print("\n".join(changes.told(change)))
    return DONE


def _margins(dump: str) -> int:
    from whiteboard.governance.timeouts import margins  # noqa: PLC0415 - see the module docstring

    version, found = margins.read_dump(dump)
    order = list(margins.Verdict)
    print(
        f"version {version}: p99.9 of the share of its time that each took; none of an entry that nobody used"
    )
    for one in sorted(found, key=lambda margin: (order.index(margin.verdict), margin.name)):
        share = "ran out" if one.share > 1 else f"{one.share:.0%}"
        print(
            f"{one.verdict.value:<12} {one.name:<20} {one.seconds:>8g} s  {share:>7}  {one.uses} uses, {one.hits} hits"
        )
    return FOUND if any(one.verdict is margins.Verdict.TIGHT for one in found) else DONE
