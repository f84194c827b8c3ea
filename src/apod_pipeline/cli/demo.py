"""`apod demo`: the whole thing on simulated services.

Takes what was typed, shows. Touches no archive that no demo made.
"""

from __future__ import annotations

from pathlib import Path

import click

from apod_pipeline.cli.options import dataset_option


@click.command()
@dataset_option("Show this data set, on its own simulator (default: APOD); `apod datasets` lists them.")
@click.option("--archive", type=Path, help="The folder for the demo archive (default: apod-demo, or NAME-demo).")
def demo(dataset: str | None, archive: Path | None) -> None:
    """Run the main job on a simulated NASA.

    It needs no network, no key and no server. With --dataset, the services of that data set are simulated.

    Example: apod demo
    """
    from apod_pipeline.settings import Settings

    name = dataset or Settings.dataset
    folder = archive or Path(f"{name}-demo")
    if name == Settings.dataset:
        from apod_pipeline.cli import demonstration

        demonstration.show(folder)
    else:
        from apod_pipeline.cli import simulated_set

        simulated_set.show(folder, name)
