"""A report as one HTML page: no script, nothing from elsewhere, dark or light as the reader has it.

What stands in it may come from a hostile file: every text is escaped.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from edgernn.bench.plots import (
    COLOURS,
    accuracy_plot,
    latency_plot,
    throughput_plot,
)
from edgernn.bench.results import Machine, Report, Settings
from edgernn.bench.table import Table, file_table, latency_table

__all__ = ["page"]

_LIGHT = (
    *("#1f6fb4", "#c65d00", "#1f7f2c", "#c2272d"),
    *("#7d4bb3", "#7a5330", "#b8398e", "#4d4d4d"),
)
_DARK = (
    *("#6db3f2", "#ff9f4a", "#66cc73", "#ff7b7b"),
    *("#c39bff", "#d2a679", "#ff8fd8", "#c8c8c8"),
)
_STYLE = """
:root {{ color-scheme: light dark; --page: #ffffff; --text: #1b1f24; --soft: #57606a;
  --grid: #d8dee4; --head: #f3f5f7; {light} }}
@media (prefers-color-scheme: dark) {{
  :root {{ --page: #14171b; --text: #e4e8ec; --soft: #a2acb6; --grid: #363d45; --head: #1f242a;
    {dark} }}
}}
* {{ box-sizing: border-box }}
body {{ margin: 0 auto; padding: 16px; max-width: 1200px; background: var(--page);
  color: var(--text); font: 16px/1.5 system-ui, sans-serif }}
h1 {{ font-size: 24px; margin: 0 0 4px }}
h2 {{ font-size: 18px; margin: 28px 0 8px }}
p {{ margin: 4px 0 }}
.soft, figcaption {{ color: var(--soft); font-size: 14px }}
.plots {{ display: grid; gap: 20px 28px; align-items: start;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 330px), 1fr)) }}
figure {{ margin: 0; max-width: 430px }}
figcaption {{ margin-bottom: 4px }}
svg.plot {{ display: block; width: 100%; height: auto; font-family: inherit }}
svg.plot * {{ stroke-linejoin: round; stroke-linecap: butt }}
ol {{ padding-left: 2.2em; margin: 8px 0; columns: 300px; column-gap: 48px; font-size: 14px }}
li {{ overflow-wrap: anywhere; break-inside: avoid }}
li::marker {{ font-weight: bold; color: var(--mark) }}
.scroll {{ overflow-x: auto; border: 1px solid var(--grid); border-radius: 6px }}
table {{ border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums;
  min-width: 100% }}
th, td {{ padding: 6px 10px; text-align: right; white-space: nowrap;
  border-top: 1px solid var(--grid) }}
thead th {{ background: var(--head); border-top: 0; color: var(--soft); font-weight: 600 }}
.word {{ text-align: left }}
.note {{ text-align: left; color: var(--soft); white-space: normal; min-width: 220px }}
dl {{ display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; font-size: 14px }}
dt {{ color: var(--soft) }}
dd {{ margin: 0; overflow-wrap: anywhere }}
"""


def page(report: Report) -> str:
    """Return the page.

    Raises:
        MissingPackageError: matplotlib is not installed.
    """
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield "<!DOCTYPE html>"
    yield '<html lang="en">'
    yield "<head>"
    yield '<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield f"<title>edgernn bench: {escape(report.machine.name)}</title>"
    yield f"<style>{_STYLE.format(light=_variables(_LIGHT), dark=_variables(_DARK))}</style>"
    yield "</head>"
    yield "<body>"
    yield "<h1>edgernn bench</h1>"
    yield f'<p class="soft">{escape(report.machine.name)}, {escape(report.created)}</p>'
    yield from _plots(report)
    for table in (latency_table(report), file_table(report)):
        if table.rows:
            yield from _table(table)
    yield from _machine(report.machine, report.settings, "The machine")
    for source in report.merged:
        name = f"Measured elsewhere: {source.machine.name}, {source.created}"
        yield from _machine(source.machine, source.settings, name)
    yield "</body>"
    yield "</html>"


def _variables(colours: tuple[str, ...]) -> str:
    assert len(colours) == COLOURS
    return " ".join(f"--s{i}: {colour};" for i, colour in enumerate(colours))


def _plots(report: Report) -> Iterator[str]:
    plots = (
        ("Median time of one review, over its length; both axes logarithmic", latency_plot(report)),
        ("Reviews per second", throughput_plot(report)),
        ("Accuracy over size; size logarithmic", accuracy_plot(report)),
    )
    drawn = [(title, plot) for title, plot in plots if plot is not None]
    if not drawn:
        yield "<p>Nothing was measured.</p>"
        return
    yield '<div class="plots">'
    for title, plot in drawn:
        yield f"<figure><figcaption>{escape(title)}</figcaption>{plot}</figure>"
    yield "</div>"
    yield "<h2>Rows</h2>"
    yield "<ol>"
    for number, row in enumerate(report.rows):
        style = f"--mark: var(--s{number % COLOURS})"
        yield f'<li style="{style}">{escape(row.title)}</li>'
    yield "</ol>"


def _table(table: Table) -> Iterator[str]:
    yield f"<h2>{escape(table.title.capitalize())}</h2>"
    yield f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(table.title)}">'
    yield "<table><thead><tr>"
    for place, name in enumerate(table.header):
        yield f'<th scope="col"{_word(table, place)}>{escape(name)}</th>'
    yield "</tr></thead><tbody>"
    for cells, note in zip(table.rows, table.notes, strict=True):
        # What was not measured gives its place to the reason.
        shown = cells if note is None else cells[: table.words]
        written = "".join(
            f"<td{_word(table, place)}>{escape(cell)}</td>" for place, cell in enumerate(shown)
        )
        if note is not None:
            columns = max(1, len(cells) - table.words)
            written += f'<td class="note" colspan="{columns}">{escape(note)}</td>'
        yield f"<tr>{written}</tr>"
    yield "</tbody></table></div>"


def _word(table: Table, place: int) -> str:
    return ' class="word"' if 0 < place < table.words else ""


def _machine(machine: Machine, settings: Settings, title: str) -> Iterator[str]:
    memory = machine.memory_bytes
    facts = {
        "processor": machine.name,
        "system": machine.system,
        "cores": str(machine.cores),
        "memory": "unknown" if memory is None else f"{memory / 2**30:.1f} GiB",
        "instructions": " ".join(machine.flags) or "unknown",
        "governor": machine.governor or "unknown",
        "versions": ", ".join(f"{name} {version}" for name, version in machine.versions.items()),
        "lengths": ", ".join(f"{tokens} tokens" for tokens in settings.tokens),
        "until": f"the median is known to ±{settings.precision_percent:g} %, or "
        f"{settings.seconds_per_row:g} s a row",
        "reviews": "none"
        if settings.reviews is None
        else f"{settings.reviews:,} "
        f"{'generated' if settings.data is None else f'of {settings.data}'}",
    }
    yield f"<h2>{escape(title)}</h2>"
    yield "<dl>"
    for name, value in facts.items():
        yield f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>"
    yield "</dl>"
