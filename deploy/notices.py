"""Whose work an image holds, and under which licences: written while the image is built, beside what it tells of.

Takes the environment that runs it, gives Markdown on standard output: a line for each distribution, and the text of
each licence that one brings along. Debian's packages tell theirs in `/usr/share/doc/*/copyright`.
"""

from __future__ import annotations

from importlib.metadata import Distribution, distributions

HEAD = """# Notices

This image holds the work of others, each under its own licence. Their sources are on PyPI under the names and versions
below; psycopg (LGPL-3.0), grandalf (GPL-2.0 or EPL-1.0) and pygit2 (GPL-2.0 with a linking exception) are used as they
are published, unchanged, and can be replaced in `/opt/apod/venv`. Debian's packages tell their licences in
`/usr/share/doc/*/copyright`.

| distribution | version | licence |
|---|---|---|
"""


def licence(distribution: Distribution) -> str:
    """What a distribution says of its licence: its expression, its classifiers, or its own short words."""
    told = distribution.metadata
    if expression := told.get("License-Expression"):
        return str(expression)
    classes = [one.rpartition(" :: ")[2] for one in told.get_all("Classifier") or [] if one.startswith("License ::")]
    words = " ".join((told.get("License") or "").split())
    return ", ".join(classes) or words[:80] or "see its text"


def texts(distribution: Distribution) -> list[str]:
    """The texts of the licences that it brings along."""
    names = ("LICENSE", "LICENCE", "COPYING", "NOTICE")
    files = [file for file in distribution.files or [] if file.name.upper().startswith(names)]
    return [file.read_text() for file in files if file.suffix not in {".py", ".pyc"} and file.locate().is_file()]  # type: ignore[union-attr]


def main() -> None:
    """Print the page."""
    found = sorted(distributions(), key=lambda one: one.metadata["Name"].lower())
    rows = [f"| {one.metadata['Name']} | {one.version} | {licence(one)} |" for one in found]
    print(HEAD + "\n".join(rows))
    for one in found:
        for text in texts(one):
            print(f"\n## {one.metadata['Name']} {one.version}\n\n{text.strip()}")


if __name__ == "__main__":
    main()
