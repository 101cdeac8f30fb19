"""What a scene found: tables, plots and a few words, and where that goes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.tables import table

IMAGES: Final = "images"
"""Folder of plots, beside the document."""


@dataclass(frozen=True, slots=True)
class Table:
    """Titles and lines."""

    titles: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture of a plot: several lines over the same x."""

    y_label: str
    lines: dict[str, list[tuple[float, float]]]
    """Label -> points (x, y); y > 0."""


@dataclass(frozen=True, slots=True)
class Plot:
    """Panels side by side, over one quantity."""

    name: str
    """Of the file, without `.svg`."""
    title: str
    x_label: str
    panels: Sequence[Panel]


@dataclass(frozen=True, slots=True)
class Section:
    """All that one scene has to say."""

    name: str
    shape: str
    """What was done, in a line or two of Markdown."""
    tables: Sequence[Table]
    after: Sequence[str] = ()
    """Sentences below the tables."""
    plots: Sequence[Plot] = field(default_factory=tuple)

    def markdown(self) -> str:
        """The generated part of a document."""
        parts = [self.shape, *(table(one.titles, one.rows) for one in self.tables), *self.after]
        parts += [f"![{plot.title}]({IMAGES}/{plot.name}.svg)" for plot in self.plots]
        return "\n\n".join(parts)


def write(document: Path, sections: Sequence[Section]) -> None:
    """Put the sections between their markers. Raises KeyError for one that has none there."""
    text = document.read_text()
    for section in sections:
        begin, end = (f"<!-- {word} {section.name} -->" for word in ("begin", "end"))
        if begin not in text or end not in text:
            raise KeyError(f"{document} has no place for {section.name}: {begin} … {end}")
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = f"{before}{begin}\n{section.markdown()}\n{end}{after}"
    document.write_text(text)
