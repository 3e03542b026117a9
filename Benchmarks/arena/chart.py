"""A bar chart as SVG: rates, and the processor time they cost. Readable in light and dark."""
from html import escape

WIDTH, ROW, LEFT, BAR = 760, 26, 190, 400

STYLE = '''
  text { font: 13px system-ui, sans-serif; fill: #222 }
  .group { font-weight: 600 }
  .value { fill: #555 }
  rect { fill: #8aa4b8 }
  .ours { fill: #d9622b }
  @media (prefers-color-scheme: dark) {
    text { fill: #eee } .value { fill: #aaa } rect { fill: #5b7387 } .ours { fill: #ef8a55 }
  }
'''


def bars(rows):
    """(group, name, MiB/s, CPU-s/GiB): groups in the order in which they come."""
    most = max((row[2] for row in rows), default=1)
    parts, y, group = [], 8, None
    for row in rows:
        if row[0] != group:
            group = row[0]
            y += ROW
            parts.append(f'<text class="group" x="8" y="{y - 8}">{escape(group)}, MiB/s</text>')
        width = max(1, BAR * row[2] / most)
        kind = ' class="ours"' if row[1] == 'shoal' else ''
        parts.append(f'<text x="{LEFT - 8}" y="{y + 16}" text-anchor="end">{escape(row[1])}</text>')
        parts.append(f'<rect{kind} x="{LEFT}" y="{y + 3}" width="{width:.1f}" height="{ROW - 8}" rx="2"/>')
        parts.append(f'<text class="value" x="{LEFT + width + 8:.1f}" y="{y + 16}">'
                     f'{row[2]:.0f}, {row[3]:.2f} CPU-s/GiB</text>')
        y += ROW
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y + 8}" '
            f'viewBox="0 0 {WIDTH} {y + 8}"><style>{STYLE}</style>' + ''.join(parts) + '</svg>\n')
