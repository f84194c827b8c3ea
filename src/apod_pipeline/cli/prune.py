"""`apod prune`: earlier versions thinned out.

Takes what was typed, calls the library, prints.
"""

from __future__ import annotations

from pathlib import Path

import click

from apod_pipeline.cli.options import archive_option, existing
from apod_pipeline.errors import SettingsError


@click.command()
@click.option("--keep", help="Which versions stay as files; default: the setting APOD_KEEP_VERSIONS.")
@click.option("--dry-run", is_flag=True, help="Only show what would go.")
@archive_option
def prune(keep: str | None, archive: Path | None, *, dry_run: bool, as_json: bool) -> None:
    """Thin out earlier versions to save disk space.

    The CSV and Parquet files of a version leave DVC's cache and remote after this program has made them again, byte
    for byte, from replies and ledger. `restore --as-of`, `show`, `diff` and `export` make them again when they are
    asked for; a plain `dvc pull` of such a commit fails. The newest version, tagged ones and those that another branch
    or an unpushed commit names always stay, and so does what cannot be made again. --keep takes last, daily, weekly,
    monthly and yearly, each with a number or `all`: of each period, its last version stays.

    Example: apod prune --keep last=30,monthly=12,yearly=all --dry-run
    """
    from apod_pipeline.cli import presentation
    from apod_pipeline.settings.keeping import Keep
    from apod_pipeline.wiring import pruning

    settings = existing(archive)
    try:
        wanted = Keep.of(keep) if keep else settings.keep_versions
    except ValueError as error:
        raise SettingsError(f"--keep {error}. Nothing was changed.") from error
    if wanted is None:
        raise SettingsError(
            "say which versions stay, for example: apod prune --keep last=30,monthly=12,yearly=all --dry-run. Nothing "
            "was changed."
        )
    with pruning(settings, presentation.tell, presentation.counted("versions made again")) as thinning:
        done = thinning.prune(wanted, dry_run=dry_run)
    if as_json:
        presentation.as_object(done.as_json())
        return
    would = "would leave" if dry_run else "left"
    click.echo(f"{done.versions} versions: {done.kept} stay, {done.before} were thinned out before, {done.thinned} now")
    click.echo(f"{done.objects} files ({done.bytes / 1e6:,.1f} MB, cache and remote together) {would}")
    for commit in done.not_made:
        click.echo(f"{commit[:10]} cannot be made again as it was: it stays")
