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
    """One that is shorter than the titles says in its last cell why."""

    def markdown(self) -> str:
        """As a document has it."""
        width = len(self.titles)
        return table(self.titles, [[*row, *[""] * (width - len(row))] for row in self.rows])


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture of a plot: several lines over the same x."""

    y_label: str
    lines: dict[str, list[tuple[float, float]]]
    """Label -> points (x, y); y > 0."""
    dotted: str = ""
    """Lines whose label ends so are dotted."""


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
        parts = [self.shape, *(one.markdown() for one in self.tables), *self.after]
        parts += [f"![{plot.title}]({IMAGES}/{plot.name}.svg)" for plot in self.plots]
        return "\n\n".join(parts)


def write(document: Path, section: Section) -> None:
    """Put a section between its markers. Raises KeyError when it has none there."""
    begin, end = (f"<!-- {word} {section.name} -->" for word in ("begin", "end"))
    before, is_there, rest = document.read_text().partition(begin)
    _, is_ended, after = rest.partition(end)
    if not (is_there and is_ended):
        raise KeyError(f"{document} has no place for {section.name}: {begin} … {end}")
    document.write_text(f"{before}{begin}\n{section.markdown()}\n{end}{after}")
