"""svg: horizontal bars as a picture that can be read on a light and on a dark page."""

from html import escape

SPACE, VALUE, MARGIN = 420, 90, 8
ROW, BAR, TOP = 26, 16, 40
LETTER = 7.4  # about as wide as one of the wider fonts has them
WHY_MAX = 64  # letters

STYLE = """text{font:13px system-ui,sans-serif;fill:#57606a}.title{font-weight:600;fill:#1f2328}.label{text-anchor:end}
.ours{fill:#0969da}.peer{fill:#8c959f}.mark{stroke:#cf222e;stroke-dasharray:4 3}.why{font-style:italic}
@media(prefers-color-scheme:dark){text{fill:#9198a1}.title{fill:#f0f6fc}.ours{fill:#4493f8}.peer{fill:#656c76}
.mark{stroke:#f85149}}"""


def bars(title, unit, rows, mark=None):
    """rows: (label, value, 'ours' or 'peer'), or (label, None, why there is none); mark: (value, text) of a target."""
    values = [value for _, value, _ in rows if value is not None] + ([mark[0]] if mark else [])
    scale = SPACE / (max(values, default=0) or 1)
    left = round(2 * MARGIN + LETTER * max((len(label) for label, *_ in rows), default=0))
    width = left + SPACE + VALUE
    height = TOP + ROW * len(rows) + (26 if mark else 8)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{escape(title)}">',
        f"<style>{STYLE}</style>",
        f'<text class="title" x="{MARGIN}" y="20">{escape(title)}, {escape(unit)}</text>',
    ]
    for index, row in enumerate(rows):
        parts += bar(left, TOP + ROW * index, scale, *row)
    if mark:
        x, end = left + mark[0] * scale, TOP + ROW * len(rows)
        parts += [
            f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 6}" y2="{end}"/>',
            f'<text x="{x:.1f}" y="{end + 16}" text-anchor="middle">{escape(mark[1])}</text>',
        ]
    return "\n".join([*parts, "</svg>", ""])


def bar(left, y, scale, label, value, kind):
    middle = y + BAR - 3
    yield f'<text class="label" x="{left - MARGIN}" y="{middle}">{escape(label)}</text>'
    if value is None:
        yield f'<text class="why" x="{left}" y="{middle}">{escape(kind[:WHY_MAX])}</text>'
        return
    width = max(1.0, value * scale)
    yield f'<rect class="{kind}" x="{left}" y="{y}" width="{width:.1f}" height="{BAR}" rx="2"/>'
    yield f'<text x="{left + width + 6:.1f}" y="{middle}">{shown(value)}</text>'


def shown(value):
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
