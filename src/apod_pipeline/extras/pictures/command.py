"""`apod pictures`: download what is missing, see how they are, verify them, find those that ran before.

Takes what was typed, asks the room, prints.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from apod_pipeline.cli.options import archive_option, existing, settings_of
from apod_pipeline.errors import SettingsError

if TYPE_CHECKING:
    from apod_pipeline.extras.pictures.collection import Pictures
    from apod_pipeline.extras.pictures.plan import Plan, Task
    from apod_pipeline.extras.pictures.shelf import Shelf
    from apod_pipeline.extras.pictures.tally import Tally
    from apod_pipeline.extras.pictures.told import Told
    from apod_pipeline.settings import Settings

GUESS = 1_500_000  # bytes of a picture with its thumbnail, where none is kept yet
SHOWN = 10
KEPT_TOGETHER = 1_000  # pictures of a long sync that go into one commit
AWAY = 4  # exit code: some pictures' hosts did not answer


@click.group()
def pictures() -> None:
    """The pictures themselves: downloaded, verified, versioned, shown.

    With APOD_EXTRAS=pictures they also come with every run: see docs/pictures.md.
    """


@pictures.command()
@click.option(
    "--max-gb",
    type=click.FloatRange(min=0, min_open=True),
    help="GB that all may take ($APOD_PICTURES_MAX_GB).",
)
@click.option("--most", type=click.IntRange(min=1), help="Download at most so many pictures, the newest first.")
@click.option("--again", is_flag=True, help="Also ask again for what was refused lately.")
@click.option("--recheck", is_flag=True, help="Also look whether any kept picture has changed where it came from.")
@click.option("--verify", "hashed", is_flag=True, help="Also hash every kept file, and bring back what is damaged.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@archive_option
def sync(  # noqa: PLR0913 - what can be typed
    max_gb: float | None,
    most: int | None,
    archive: Path | None,
    *,
    again: bool,
    recheck: bool,
    hashed: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Download the pictures that are missing, newest first.

    If interrupted, it continues where it stopped. Files that were lost come back from DVC. Exit code 4 if a host did
    not answer: the next sync asks again.

    Example: apod pictures sync --max-gb 20
    """
    from apod_pipeline.cli import presentation
    from apod_pipeline.extras.pictures.beside import pictures_of
    from apod_pipeline.extras.pictures.plan import Manner
    from apod_pipeline.wiring import archive_of

    settings = _plugged(existing(archive))
    ours = pictures_of(settings, archive_of(settings))
    limit = int((max_gb or ours.wishes.max_gb) * 1e9)
    with ours.held() as told:
        plan = ours.plan(told, Manner(again, recheck, hashed=hashed))
        tasks = plan.tasks[:most]
        size = _mean(told.files.values())
        presentation.tell(_announced(plan, len(tasks), size, ours.shelf, limit))
        if dry_run:
            return presentation.done("nothing was changed", _planned(plan), as_json=as_json)
        nowhere = ours.bring_back(plan.lost)
        for digest in sorted(nowhere):
            presentation.tell(
                f"{plan.lost[digest]['key']}: its file is neither here nor with DVC: it is downloaded again"
            )
        tasks = [*_asked_again(ours, plan, nowhere), *tasks]
        tally = _run(settings, ours, told, tasks, limit)
    _say(tally, plan, as_json=as_json)
    sys.exit(AWAY if tally.away else 0)


def _asked_again(ours: Pictures, plan: Plan, nowhere: set[str]) -> list[Task]:
    from apod_pipeline.extras.pictures.plan import tasks_of

    return tasks_of(ours.archive, {plan.lost[digest]["key"] for digest in nowhere}) if nowhere else []


def _run(settings: Settings, ours: Pictures, told: Told, tasks: list[Task], limit: int) -> Tally:
    """Do the tasks, and keep what came every now and then: a sync may take days, and a disk may die."""
    from apod_pipeline.cli import presentation
    from apod_pipeline.extras.pictures.bar import bar
    from apod_pipeline.extras.pictures.keeping import keep
    from apod_pipeline.extras.pictures.tally import Tally

    tally = Tally()
    if not tasks:
        keep(settings, ours, presentation.tell, told)
    with bar(len(tasks)) as progress:
        for start in range(0, len(tasks), KEPT_TOGETHER):
            try:
                ours.sync(told, tasks[start : start + KEPT_TOGETHER], most=limit, progress=progress, tally=tally)
            finally:
                keep(settings, ours, presentation.tell)
            if tally.left:
                tally.left = (len(tasks) - tally.done, tally.left[1])
                break
    return tally


@pictures.command()
@archive_option
def status(archive: Path | None, *, as_json: bool) -> None:
    """How many pictures are kept, what is missing and why, and what they take.

    Example: apod pictures status
    """
    from apod_pipeline.cli import presentation
    from apod_pipeline.extras.pictures.beside import pictures_of
    from apod_pipeline.wiring import archive_of

    settings = _plugged(existing(archive))
    ours = pictures_of(settings, archive_of(settings))
    told = ours.notes.told()
    plan = ours.plan(told)
    kinds: dict[str, int] = {}
    for _, line in told.current():
        kinds[line["kind"]] = kinds.get(line["kind"], 0) + 1
    refused = [(*name, line["why"][0]["why"]) for name, line in sorted(told.refused.items(), reverse=True)]
    counts = {
        "pictures": plan.pictures,
        "kept": len(told.kept),
        **kinds,
        "files": len(told.files),
        "bytes": ours.shelf.taken(),
    }
    counts |= {"to_be_asked": len(plan.tasks), "refused": len(refused), "lost": len(plan.lost)}
    if as_json:
        told_whys = [{"key": key, "role": role, "why": why} for key, role, why in refused]
        return presentation.as_object(counts | {"refused_pictures": told_whys})
    presentation.table(["pictures", "count"], [(name.replace("_", " "), value) for name, value in counts.items()])
    if refused:
        presentation.table(["entry", "picture", "why it is not kept"], refused[:SHOWN], title="not to be had")
    return None


@pictures.command()
@archive_option
def verify(archive: Path | None, *, as_json: bool) -> None:
    """Check every kept picture by its hash.

    Exit code 1 if one is gone or damaged; `apod pictures sync` brings it back.

    Example: apod pictures verify
    """
    from apod_pipeline.cli import presentation
    from apod_pipeline.extras.pictures.beside import pictures_of
    from apod_pipeline.extras.pictures.verifying import verified
    from apod_pipeline.wiring import archive_of

    settings = _plugged(existing(archive))
    checks = list(verified(pictures_of(settings, archive_of(settings))))
    if as_json:
        rows = [{"what": one.what, "well": one.well, "says": one.says, "do": one.do} for one in checks]
        presentation.as_object({"well": all(one.well for one in checks), "checks": rows})
    else:
        lines = [(one.what, "ok" if one.well else "WRONG", one.says, one.do) for one in checks]
        presentation.table(["what", "", "says", "do"], lines, width=240)
    sys.exit(0 if all(one.well for one in checks) else 1)


@pictures.command()
@archive_option
def duplicates(archive: Path | None, *, as_json: bool) -> None:
    """Pictures that ran before: the same file, or one that looks like it.

    Example: apod pictures duplicates
    """
    from apod_pipeline.cli import presentation
    from apod_pipeline.extras.pictures.alike import alike
    from apod_pipeline.extras.pictures.beside import pictures_of
    from apod_pipeline.wiring import archive_of

    settings = _plugged(existing(archive))
    ours = pictures_of(settings, archive_of(settings))
    pairs = alike(ours.shelf, ours.notes.told())
    if as_json:
        rows = [{"key": one.later[0], "ran_before_on": one.before[0], "bits": one.bits} for one in pairs]
        presentation.as_object({"pairs": rows})
    elif pairs:
        lines = [(one.later[0], one.before[0], _likeness(one.bits)) for one in pairs[::-1]]
        presentation.table(["picture of", "ran before on", "how alike"], lines)
    else:
        click.echo("no picture ran before")


@pictures.command()
@click.option("--output", "-o", type=click.Path(path_type=Path), required=True, help="The folder, which is created.")
@click.option(
    "--rights",
    type=click.Choice(["all", "redistributable"]),
    default="redistributable",
    show_default=True,
    help="All, or only those that may be passed on as they are, as far as their credit says so.",
)
@archive_option
def export(output: Path, rights: str, archive: Path | None, *, as_json: bool) -> None:
    """Copy kept pictures into a folder, with a table of where each came from and its rights.

    Example: apod pictures export --output ./pictures --rights redistributable
    """
    from apod_pipeline.cli import presentation
    from apod_pipeline.extras.pictures.beside import pictures_of
    from apod_pipeline.extras.pictures.exporting import export as write
    from apod_pipeline.wiring import archive_of

    settings = _plugged(existing(archive))
    done = write(pictures_of(settings, archive_of(settings)), output, redistributable=rights == "redistributable")
    presentation.done(f"written to {output}", done, as_json=as_json)


def _likeness(bits: int) -> str:
    return "the same file" if bits == 0 else f"{bits} of 256 bits differ"


def _plugged(settings: Settings) -> Settings:
    """Settings with those of pictures, whether they come with runs or not."""
    if "pictures" not in settings.extras:
        settings = settings_of(archive=settings.archive, extras=",".join((*settings.extras, "pictures")))
    from apod_pipeline.wiring import data_set_of

    if data_set_of(settings).pictures is None:
        raise SettingsError(f"{settings.dataset} has no pictures. Nothing was requested.")
    return settings


def _mean(lines: Any) -> float:  # noqa: ANN401 - lines of the ledger
    sizes = [line["bytes"] for line in lines]
    return sum(sizes) / len(sizes) * 1.05 if sizes else GUESS


def _announced(plan: Plan, tasks: int, size: float, shelf: Shelf, limit: int) -> str:
    if not tasks and not plan.lost:
        later = f"; {plan.later} that were refused are asked for again another day (--again)" if plan.later else ""
        return f"nothing to do: {plan.pictures - plan.later} of {plan.pictures} pictures are here{later}"
    fresh = sum(task.kept is None for task in plan.tasks[:tasks])
    lost = f", {len(plan.lost)} lost files come back from DVC" if plan.lost else ""
    return (
        f"{fresh} pictures to download, {tasks - fresh} to look at again{lost}: about {fresh * size / 1e9:.2f} GB "
        f"beside {shelf.taken() / 1e9:.2f} GB, of {limit / 1e9:.0f} GB that they may take"
    )


def _planned(plan: Plan) -> dict[str, int]:
    return {"pictures": plan.pictures, "to_be_asked": len(plan.tasks), "lost": len(plan.lost), "later": plan.later}


def _say(tally: Tally, plan: Plan, *, as_json: bool) -> None:
    from apod_pipeline.cli import presentation

    left = tally.left or (0, "")
    counts = {
        "downloaded": tally.kept,
        "bytes": tally.bytes,
        "ran_before": tally.same,
        "changed": tally.changed,
        "unchanged": tally.unchanged,
        "refused": len(tally.refused),
        "away": len(tally.away),
        "brought_back": len(plan.lost),
        "left": left[0],
        "seconds": round(tally.seconds, 2),
    }
    if as_json:
        whys = {"refused_pictures": tally.refused, "away_pictures": tally.away, "left_because": left[1]}
        return presentation.as_object(counts | whys)
    for name, why in [*tally.refused.items(), *tally.away.items()][:SHOWN]:
        presentation.tell(f"{name}: {why}", "warning")
    if left[1]:
        presentation.tell(f"{left[0]} are left: {left[1]}", "warning")
    return presentation.done("done", {name.replace("_", " "): n for name, n in counts.items() if n}, as_json=False)
