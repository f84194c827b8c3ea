"""Documentation that is made from the code: the commands, the settings and the data dictionary.

Takes a folder, writes `cli.md`, `settings.md` and `data-dictionary.md` into it. `make docs` runs it; a test fails
when they are stale. Never holds a word that the code does not.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib.metadata import entry_points
from pathlib import Path

import click

from apod_pipeline.cli import apod
from apod_pipeline.dataset.installed import data_set, shipped
from apod_pipeline.dataset.settings import Setting
from apod_pipeline.dictionary.page import page as dictionary_page
from apod_pipeline.settings import Settings
from apod_pipeline.settings.files import OF_THE_DATA
from apod_pipeline.settings.resolving import settings_of

GENERATED = "<!-- made by `make docs` from the code; do not edit -->"


def commands() -> str:
    """Every command's help, as Markdown."""
    parts = ["# The command `apod`", GENERATED, _help(apod, "apod")]
    context = click.Context(apod)
    for name in apod.list_commands(context):
        command = apod.get_command(context, name)
        assert command is not None, name  # noqa: S101 - it was listed
        parts += [f"## `apod {name}`", _help(command, f"apod {name}")]
    codes = (
        "Exit codes: 0 done (also when nothing was new), 1 failed, 2 wrong use or settings, 3 data refused (canary or "
        "quality gate), 4 days asked for are missing because a source was unavailable or rate-limited, 5 another run "
        "holds the archive."
    )
    return "\n\n".join([*parts, codes]) + "\n"


def _help(command: click.Command, path: str) -> str:
    names = apod.context_settings["help_option_names"]
    context = click.Context(command, info_name=path, terminal_width=100, max_content_width=100, help_option_names=names)
    return f"```\n{command.get_help(context)}\n```"


SETTINGS = """\
Settings come from flags, the environment, `.env` here, `.apod/local.toml` in the archive and `apod.toml` in the
archive; the first that sets a value wins, and `apod config` shows which.

- `.apod/local.toml` belongs to this machine: every setting may be in it, secrets too
  (`git_remote = "git@host:me/apod.git"`). Nobody else may read it: `chmod 600`.
- `apod.toml` goes into Git and comes with every pull. So it may only describe the data (the last column); a secret
  there is refused, and any other setting is reported and not followed.
- A `.env` or a `.apod/local.toml` that the archive's Git tracks came with somebody's push and is not followed.
- `NASA_API_KEY` is sent to NASA, or to the `APOD_PLANETARY_URL` that is set in the same place as the key or in a
  stronger one; any other host gets `DEMO_KEY`."""


def settings() -> str:
    """Every setting: its variable, its name in files, its default, its meaning, and whether `apod.toml` may say it."""
    parts = [f"# Settings\n\n{GENERATED}\n\n{SETTINGS}", _settings_table(settings_of(Settings.dataset))]
    for name in _others():
        about = data_set(name).about.title
        parts += [f"## Of the data set `{name}`", f"{about}.", _settings_table(data_set(name).settings)]
    for point in sorted(entry_points(group="apod_pipeline.settings"), key=lambda one: one.name):
        plugged = f"They count where `APOD_EXTRAS` names `{point.name}`."
        parts += [f"## Of the extra `{point.name}`", plugged, _settings_table(point.load())]
    return "\n\n".join(parts) + "\n"


def _settings_table(told: Iterable[Setting]) -> str:
    rows = ["| variable | in files | default | | `apod.toml` |\n|---|---|---|---|---|"]
    for one in told:
        default = ",".join(one.default) if isinstance(one.default, tuple) else one.default
        shown = "" if default is None else f"`{default}`"
        named = f"`{one.variable}` | `{one.name}` | {shown} | {one.meaning}"
        rows.append(f"| {named} | {'yes' if one.name in OF_THE_DATA else ''} |")
    return "\n".join(rows)


def _others() -> list[str]:
    """The data sets that come with this distribution, beside the first one."""
    return [name for name in shipped() if name != Settings.dataset]


def pages() -> dict[str, str]:
    """Every generated page by the name of its file."""
    dictionary = dictionary_page(data_set(Settings.dataset), GENERATED, map(data_set, _others()))
    return {"cli.md": commands(), "settings.md": settings(), "data-dictionary.md": dictionary}


def write(folder: Path) -> list[Path]:
    """Write the pages; gives those that changed."""
    changed = []
    for name, text in pages().items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    return changed


if __name__ == "__main__":
    for page in write(Path(sys.argv[1])):
        click.echo(f"written: {page}")
