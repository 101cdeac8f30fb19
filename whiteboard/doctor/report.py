"""The findings as people read them and as programs do. Pure."""

import textwrap
from collections import Counter
from typing import Any, Final

import msgspec

from whiteboard import __version__, timeouts
from whiteboard.doctor.findings import Finding, Mark, is_bad
from whiteboard.doctor.target import Target

_MARKS: Final = {Mark.GOOD: "ok", Mark.WARNING: "warn", Mark.BAD: "BAD", Mark.SKIPPED: "skip"}
_COLUMNS: Final = 110
_INDENT: Final = " " * 16


def heading(target: Target, proxy_wait: float | None) -> str:
    """The first lines; the wait is that for proxies, as `Options` has it."""
    lines = [f"whiteboard doctor {__version__} at {target.url}"]
    if proxy_wait != 0:
        usual = timeouts.PING_INTERVAL.seconds + timeouts.DOCTOR_IDLE_MARGIN.seconds
        lines.append(f"The last check listens to an idle socket for about {proxy_wait or usual:g} s.")
    return "\n".join([*lines, ""])


def finding_text(finding: Finding) -> str:
    """A line, and below it why it matters and what to change."""
    lines = textwrap.wrap(
        finding.seen,
        _COLUMNS,
        initial_indent=f"{_MARKS[finding.mark]:<6}{finding.check:<10}",
        subsequent_indent=_INDENT,
    )
    if finding.why:
        lines += _paragraph("why: ", finding.why)
    if finding.change:
        first, *rest = finding.change.splitlines()
        lines += _paragraph("change: ", first)
        for line in rest:
            lines += [f"{_INDENT}  {line}"] if line.startswith("  ") else _paragraph("", line)
    return "\n".join(lines)


def summary(findings: list[Finding]) -> str:
    """The last line."""
    counts = Counter(finding.mark for finding in findings)
    told = [f"{counts[Mark.BAD]} bad" if counts[Mark.BAD] else "nothing bad"]
    if counts[Mark.WARNING]:
        told.append(f"{counts[Mark.WARNING]} to look at")
    if counts[Mark.SKIPPED]:
        told.append(f"{counts[Mark.SKIPPED]} not looked at")
    rest = "; the rest can be looked at once this is mended" if _ended_early(findings) else ""
    return f"\n{', '.join(told)}{rest}"


def as_json(target: Target, findings: list[Finding]) -> str:
    """All of it for programs: `{"url","version","good","findings":[{"check","mark","code","seen","why","change"}]}`."""
    report: dict[str, Any] = {
        "url": target.url,
        "version": __version__,
        "good": not is_bad(findings),
        "findings": [{**_plain(finding), "mark": finding.mark.value} for finding in findings],
    }
    return msgspec.json.format(msgspec.json.encode(report)).decode()


def _plain(finding: Finding) -> dict[str, str]:
    names = ("check", "mark", "code", "seen", "why", "change")
    return {name: getattr(finding, name) for name in names}


def _ended_early(findings: list[Finding]) -> bool:
    return is_bad([finding for finding in findings if finding.check in {"reach", "host"}])


def _paragraph(title: str, text: str) -> list[str]:
    return textwrap.wrap(text, _COLUMNS, initial_indent=_INDENT + title, subsequent_indent=f"{_INDENT}  ")
