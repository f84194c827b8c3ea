"""`apod demo`: the whole thing on a simulated NASA.

Takes what was typed, shows. Touches no archive that no demo made.
"""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option(
    "--archive", type=Path, default=Path("apod-demo"), show_default=True, help="The folder for the demo archive."
)
def demo(archive: Path) -> None:
    """Run the main job on a simulated NASA.

    It needs no network, no key and no server.

    Example: apod demo
    """
    from apod_pipeline.cli.demonstration import show

    show(archive)
