"""Plots as SVG files, all in one plain style. Needs matplotlib (the extra `plots`)."""

from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib import ticker
from matplotlib.figure import Figure

from benchmarks.scenes.sections import Panel, Plot

_COLORS: Final = ("#1864ab", "#e8590c", "#2b8a3e", "#868e96")
_DOTTED: Final = (0, (1, 1.5))
_MOST_TICKS: Final = 9
_WIDE: Final = 800
"""An axis that spans such a factor has a tick a decade; a narrower one three."""
_PANEL_INCHES: Final = (3.6, 2.9)
_STYLE: Final[dict[str, Any]] = {
    "svg.hashsalt": "whiteboard",  # the same figures give the same file
    "svg.fonttype": "none",  # text stays text: smaller, and sharp at any size
    "font.family": ["DejaVu Sans", "sans-serif"],
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#868e96",
    "grid.color": "#dee2e6",
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "lines.markersize": 4,
}


def draw(plot: Plot, folder: Path) -> Path:
    """Draw one plot; gives the file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{plot.name}.svg"
    with mpl.rc_context(_STYLE):
        width, height = _PANEL_INCHES
        figure = Figure(figsize=(width * len(plot.panels), height), layout="constrained", facecolor="white")
        for number, panel in enumerate(plot.panels, start=1):
            _draw_panel(figure.add_subplot(1, len(plot.panels), number), panel, plot.x_label)
        figure.savefig(path, format="svg", metadata={"Date": None})
    return path


def _draw_panel(axes: Any, panel: Panel, x_label: str) -> None:
    colors: dict[str, str] = {}
    for label, points in panel.lines.items():
        what = label.rpartition(" ")[0] if panel.dotted else label  # a dotted line has its partner's colour
        axes.plot(
            [x for x, _ in points],
            [y for _, y in points],
            marker="o",
            label=label or None,
            color=colors.setdefault(what, _COLORS[len(colors) % len(_COLORS)]),
            linestyle=_DOTTED if label.endswith(panel.dotted) and panel.dotted else "-",
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    _show_decade(axes, [y for points in panel.lines.values() for _, y in points])
    for axis in (axes.xaxis, axes.yaxis):
        low, high = axis.get_view_interval()
        subs = (1.0,) if high > low * _WIDE else (1.0, 2.0, 5.0)
        axis.set_major_locator(ticker.LogLocator(subs=subs, numticks=_MOST_TICKS))
        axis.set_major_formatter(ticker.FuncFormatter(_told))
        axis.set_minor_locator(ticker.NullLocator())
    axes.set_xlabel(x_label)
    axes.set_title(panel.y_label, fontsize=9, loc="left")
    axes.grid(visible=True, which="major")
    if any(panel.lines):
        axes.legend()


def _told(value: float, _: object) -> str:
    """A tick's number: 0.5, 20, 3k."""
    return f"{value / 1_000:g}k" if value >= 1_000 else f"{value:g}"


def _show_decade(axes: Any, values: list[float]) -> None:
    """A flat line is to look flat: at least a factor of ten is shown."""
    low, high = min(values), max(values)
    if high < low * 10:
        middle = (low * high) ** 0.5
        axes.set_ylim(middle / 4, middle * 4)
