"""Charts as SVG, readable on light and dark pages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH = 760
LABELS = 150
VALUES = 90
ROW = 26
TOP = 48

STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#24292f}.title{font-weight:600;font-size:15px}.small{font-size:11px;"
    "fill:#57606a}.other{fill:#8c959f}.ours{fill:#1f6feb}.grid{stroke:#d0d7de}.span{stroke-width:3;stroke:#8c959f}"
    ".span.ours{stroke:#1f6feb}@media(prefers-color-scheme:dark){text{fill:#e6edf3}.small{fill:#9198a1}"
    ".grid{stroke:#3d444d}}"
)


@dataclass(frozen=True)
class Row:
    """One line of a chart, with its values in ascending order."""

    label: str
    values: Sequence[float]
    is_ours: bool


def bars(title: str, rows: Sequence[Row]) -> str:
    """Draw a horizontal bar per row, from zero."""
    longest = max((row.values[0] for row in rows), default=1.0)
    scale = (WIDTH - LABELS - VALUES) / longest
    lines = []
    for number, row in enumerate(rows):
        y, width = TOP + number * ROW, max(1.0, row.values[0] * scale)
        lines.append(label(row, y))
        lines.append(f'<rect class="{kind(row)}" x="{LABELS}" y="{y}" width="{width:.1f}" height="{ROW - 8}" rx="2"/>')
        lines.append(f'<text x="{LABELS + width + 6:.1f}" y="{y + 14}">{number_text(row.values[0])}</text>')
    return svg(title, lines, len(rows))


def spans(title: str, names: Sequence[str], rows: Sequence[Row]) -> str:
    """Draw a dot at each value of a row and a line through them, on a logarithmic axis of seconds."""
    values = [value for row in rows for value in row.values if value > 0]
    low, high = math.floor(math.log10(min(values, default=0.1))), math.ceil(math.log10(max(values, default=1.0)))
    high = max(high, low + 1)

    def x(value: float) -> float:
        return LABELS + (math.log10(max(value, 10.0**low)) - low) / (high - low) * (WIDTH - LABELS - VALUES)

    bottom = TOP + len(rows) * ROW
    lines = [f'<text class="small" x="{LABELS}" y="36">dots: {escape(", ".join(names))}</text>']
    for power in range(low, high + 1):
        at, name = x(10.0**power), seconds_text(10.0**power)
        lines.append(f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{TOP}" y2="{bottom}"/>')
        lines.append(f'<text class="small" x="{at:.1f}" y="{bottom + 14}" text-anchor="middle">{name}</text>')
    for number, row in enumerate(rows):
        y = TOP + number * ROW
        first, last = x(row.values[0]), x(row.values[-1])
        lines.append(label(row, y))
        lines.append(f'<line class="span {kind(row)}" x1="{first:.1f}" x2="{last:.1f}" y1="{y + 9}" y2="{y + 9}"/>')
        lines += [f'<circle class="{kind(row)}" cx="{x(value):.1f}" cy="{y + 9}" r="5"/>' for value in row.values]
        lines.append(f'<text x="{last + 10:.1f}" y="{y + 14}">{seconds_text(row.values[-1])}</text>')
    return svg(title, lines, len(rows) + 1)


def svg(title: str, lines: Sequence[str], rows: int) -> str:
    """Put the lines of a chart together."""
    height = TOP + rows * ROW + 4
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" role="img">'
    name = escape(title)
    parts = [
        head,
        f"<title>{name}</title>",
        f"<style>{STYLE}</style>",
        f'<text class="title" x="0" y="18">{name}</text>',
    ]
    return "\n".join([*parts, *lines, "</svg>"]) + "\n"


def label(row: Row, y: float) -> str:
    """Name a row at its left."""
    return f'<text x="{LABELS - 10}" y="{y + 14}" text-anchor="end">{escape(row.label)}</text>'


def kind(row: Row) -> str:
    """Tell the project's own row from the others by its colour."""
    return "ours" if row.is_ours else "other"


def number_text(value: float) -> str:
    """Write a number with as many digits as it deserves."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def seconds_text(seconds: float) -> str:
    """Write a time in the unit that reads best."""
    if seconds < 0.9995:
        return f"{seconds * 1000:,.0f} ms"
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
