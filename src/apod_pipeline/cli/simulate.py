"""`apod simulate`: a NASA of one's own.

Takes what was typed, serves until it is ended.
"""

from __future__ import annotations

import datetime as dt

import click

from apod_pipeline.cli.options import DAY


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8099, show_default=True)
@click.option("--today", type=DAY, help="The newest published day (default: today in US Eastern).")
@click.option("--seed", default=0, show_default=True, help="Another number generates other entries.")
def simulate(host: str, port: int, today: dt.datetime | None, seed: int) -> None:
    """Simulate both of NASA's services.

    They serve generated entries; POST /_control switches faults on, GET /_log lists the requests (docs/simulator.md).

    Example: apod simulate --port 8099
    """
    from apod_pipeline.simulator import serve

    def announce(url: str) -> None:
        click.echo(f"both of NASA's services on {url} (Ctrl-C ends them); in another terminal:")
        click.echo(f"  APOD_SCIENCE_URL={url} APOD_PLANETARY_URL={url} apod run")

    serve(host, port, today=today.date() if today else None, seed=seed, announce=announce)
