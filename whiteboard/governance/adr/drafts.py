"""A new record, made from the project's template."""

import datetime as dt
import re
import unicodedata
from pathlib import Path
from typing import Final

from whiteboard.governance.adr.record import TEMPLATE
from whiteboard.governance.records import SLUG, Unusable, read_text

REVIEW_AFTER: Final = dt.timedelta(days=182)
"""A new decision is looked at again within half a year."""
MAX_SLUG: Final = 60


def slug_of(title: str) -> str:
    """A title in small letters, digits and hyphens, cut at a word. Raises Unusable for one that has none of them."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    slug = ""
    for word in words:
        if len(slug) + len(word) >= MAX_SLUG:
            break
        slug = f"{slug}-{word}" if slug else word
    if not slug:
        raise Unusable([f"{title!r} has no letters for a file's name: give --slug"])
    return slug


def draft(folder: Path, title: str, slug: str, today: dt.date) -> Path:
    """Write a proposed record; its path. Raises Unusable for a bad slug, a record that is there, a bad template."""
    if not SLUG.fullmatch(slug):
        raise Unusable([f"slug {slug!r}: small letters, digits and single hyphens were expected"])
    path = folder / f"{today}-{slug}.md"
    text = read_text(folder / TEMPLATE)
    for pattern, filled in (
        (r"(?<=^---\n)# .*$", f"# {title}"),
        (r"^date: .*$", f"date: {today}"),
        (r"^status: .*$", "status: proposed"),
        (r"^review_by: .*$", f"review_by: {today + REVIEW_AFTER}"),
    ):
        text, found = re.subn(pattern, filled.replace("\\", r"\\"), text, count=1, flags=re.MULTILINE)
        if not found:
            raise Unusable([f"{folder / TEMPLATE}: no line as {pattern}"])
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as fault:
        raise Unusable([f"{path}: {fault.strerror or fault}"]) from fault
    return path
