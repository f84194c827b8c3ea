"""The command `apod`: words in, one call, words out.

Takes what was typed, calls the library, prints. Messages go to standard error, results to standard output; `--json`
prints one JSON object. Never holds a rule, a statement or an address of its own. Heavy rooms are imported by the
command that enters them.
"""

from __future__ import annotations

import atexit
import gc
import io
import os
import sys
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from apod_pipeline import __version__
from apod_pipeline.errors import ApodError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint
    from types import ModuleType


# By name, the module that is imported when the command is typed; its function has the module's name.
COMMANDS = {
    name.removesuffix("_file"): name
    for name in (
        *("init", "backfill", "run", "import_file", "replay", "rebuild", "join"),
        *("status", "coverage", "history", "log", "diff", "show", "trace", "tag"),
        *("verify", "restore", "recover", "backup", "migrate", "config", "doctor"),
        *("export", "prune", "simulate", "demo", "datasets"),
    )
}


class _Commands(click.Group):
    """The core's commands, a module each, and those of the extras that are installed, found by their entry points."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        return sorted({*COMMANDS, *(point.name for point in _extras())})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        command: click.Command | None = None
        if name := COMMANDS.get(cmd_name):
            command = getattr(import_module(f"{__name__}.{name}"), name)
        elif ours := _own(cmd_name):  # all that is installed takes longer to look through
            command = getattr(ours, cmd_name)
        elif point := next((point for point in _extras() if point.name == cmd_name), None):
            command = point.load()
        if command:  # whoever asks it without us, as a test does, gets the same help option
            command.context_settings.setdefault("help_option_names", ctx.command.context_settings["help_option_names"])
        return command


def _own(name: str) -> ModuleType | None:
    from apod_pipeline.settings.resolving import own_module

    return own_module(name, "command")


def _extras() -> Iterable[EntryPoint]:
    from importlib.metadata import entry_points

    return entry_points(group="apod_pipeline.commands")


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="apod")
@click.option("--log", is_flag=True, help="Show what Git, DVC and the network are doing.")
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    envvar="APOD_LOG_FORMAT",
    help="How messages and logs are written: text (default), or a JSON object a line, with the run's name.",
)
def apod(*, log: bool, log_format: str | None) -> None:
    """Your own complete, current, versioned archive of NASA's Astronomy Picture of the Day.

    \b
    Begin with:
      apod demo                                  the whole thing on a simulated NASA
      apod backfill --from 1995-06-16            everything ever published
      apod run                                   what is new; run it daily, from cron or Airflow
    """  # noqa: D301 - \b is click's
    if log_format:
        os.environ["APOD_LOG_FORMAT"] = log_format  # the process that DVC runs in is to do alike
    if log or log_format == "json":
        import logging

        from apod_pipeline.logs.lines import set_up

        set_up(logging.INFO if log else logging.WARNING)


def _open_closed_streams() -> None:
    # A daemon may start us without a standard stream: the next file that is opened would take its number, and be
    # written to by whoever complains.
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # our children need them as well
    for name in ("stdout", "stderr"):  # libraries write to them without asking whether they are there
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - open to the end


def _complain(message: str) -> None:
    from apod_pipeline.cli.presentation import tell

    tell(message, "error")


def main() -> None:
    """Entry point: errors of the family become one line and their exit code."""
    # A run makes hundreds of thousands of small objects, nearly all of which live to its end: looking for cycles
    # among them every 700 allocations takes a seventh of its time.
    gc.set_threshold(100_000, 50, 50)
    atexit.register(gc.freeze)  # nor need it look at them once more when all ends: a sixth of a run without news
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):  # a sign that a terminal cannot show is no reason to stop
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        apod.main(standalone_mode=False)
    except ApodError as error:
        _complain(f"apod: {error}")
        sys.exit(error.exit_code)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        from apod_pipeline.archive.disk import is_full, make_room

        mend = make_room() if is_full(error) else "fix that"
        done = f"What was received is kept; {mend}, then type the same command again."
        _complain(f"apod: {where}{error.strerror or error}. {done}")
        sys.exit(1)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        _complain("apod: stopped. What was received is kept; type the same command again to continue.")
        sys.exit(130)
