"""A difference between two versions as one self-contained HTML page.

Takes two versions and a stream of changes, gives the page piece by piece. Loads nothing from anywhere, runs no script,
and escapes whatever came from the web. Never reads a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from html import escape

from apod_pipeline.archive.lines import timestamp
from apod_pipeline.versions.commits import Commit
from apod_pipeline.versions.comparing import Change
from apod_pipeline.versions.wording import as_text, changed_words

STYLE = """
:root { color-scheme: light dark; --line: #8884; --gone: #d1242f26; --come: #1a7f3726; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; border-top: 1px solid var(--line); padding-top: 1rem }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; vertical-align: top; padding: .3rem .6rem }
th { width: 10rem; font-weight: 600 } td { overflow-wrap: anywhere }
del { background: var(--gone) } ins { background: var(--come); text-decoration: none } .kind { opacity: .7 }
""".strip()


def page(old: Commit, new: Commit, counts: Mapping[str, int], changes: Iterable[Change]) -> Iterator[str]:
    """The page, piece by piece.

    Args:
        old: the earlier version.
        new: the later one.
        counts: how many entries of each kind differ.
        changes: every difference, in the order of the days.
    """
    title = f"{old.commit[:10]} to {new.commit[:10]}"
    yield (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>\n{STYLE}\n</style></head><body>\n<h1>What changed: {title}</h1>\n"
        f"<p>{_in_words(old)} &rarr; {_in_words(new)}</p>\n"
        f"<p>{', '.join(f'{count} {kind}' for kind, count in counts.items())}</p>\n"
    )
    for change in changes:
        day = escape(change.key)
        yield f'<h2 id="{day}">{day} <span class="kind">{change.kind}</span></h2>\n<table>\n'
        for name, (before, after) in change.fields.items():
            yield f"<tr><th>{escape(name)}</th><td>{_marked(as_text(before), as_text(after))}</td></tr>\n"
        yield "</table>\n"
    yield "</body></html>\n"


def _in_words(version: Commit) -> str:
    return f"<code>{version.commit}</code> of {timestamp(version.at)}"


def _marked(old: str, new: str) -> str:
    tags = {"kept": "", "removed": "del", "added": "ins"}
    pieces = ((tags[piece.change], escape(piece.text)) for piece in changed_words(old, new))
    return "".join(f"<{tag}>{text}</{tag}>" if tag else text for tag, text in pieces)
