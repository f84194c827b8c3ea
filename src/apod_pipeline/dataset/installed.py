"""The data sets that are installed, by name.

Takes a name, gives the data set's value, and who acts out its services. Who adds a data set names both in the entry
points of its distribution, in the groups `apod_pipeline.datasets` and `apod_pipeline.simulators`.
"""

from __future__ import annotations

from importlib import import_module

from apod_pipeline.dataset.acting import Simulation
from apod_pipeline.dataset.description import DataSet
from apod_pipeline.dataset.soundness import fault
from apod_pipeline.errors import SettingsError

GROUP, ACTORS = "apod_pipeline.datasets", "apod_pipeline.simulators"
OWN = f"{GROUP}."


def names() -> list[str]:
    """Those that are installed."""
    from importlib.metadata import entry_points

    return sorted({point.name for point in entry_points(group=GROUP)})


def shipped() -> list[str]:
    """Those that come with this distribution."""
    from pkgutil import iter_modules

    return sorted(module.name for module in iter_modules(import_module(GROUP).__path__))


def data_set(name: str) -> DataSet:
    """The data set of a name.

    Raises:
        SettingsError: none of that name is installed.
    """
    found = _own(name) or _foreign(name)
    if found is None:
        raise SettingsError(
            f"no data set {name!r} is installed; there are {', '.join(names())}. Nothing was touched: name one of them "
            "(--dataset, APOD_DATASET, or `dataset` in the archive's apod.toml), or install the package that provides "
            "the other."
        )
    if why := fault(found):
        raise SettingsError(
            f"the data set {name!r} cannot be used: {why}. Nothing was touched; mend its description, then type the "
            "same command again."
        )
    return found


def _own(name: str) -> DataSet | None:
    # First, because looking through the entry points of all that is installed takes longer than a short run may.
    if not name.isidentifier():
        return None
    try:
        module = import_module(OWN + name)
    except ModuleNotFoundError as error:
        if error.name == OWN + name:
            return None
        raise
    found: DataSet = module.DATA_SET
    return found


def _foreign(name: str) -> DataSet | None:
    from importlib.metadata import entry_points

    point = next(iter(entry_points(group=GROUP, name=name)), None)
    if point is None:
        return None
    try:
        found: DataSet = point.load()
        told = found.name
    except Exception as error:  # somebody else's package: whatever is wrong in it is theirs to mend
        raise SettingsError(
            f"the data set {name!r} cannot be loaded from {point.value} ({type(error).__name__}: {error}). Nothing was "
            "touched; mend the package that provides it, or uninstall it."
        ) from error
    if told != name:
        raise SettingsError(
            f"{point.value} calls itself {told!r}, and its entry point {name!r}. Nothing was touched; give both the "
            "same name in the package that provides it."
        )
    return found


def simulation(name: str) -> Simulation:
    """The services of a data set, acted out; to be entered.

    Raises:
        SettingsError: nobody acts them out.
    """
    from importlib.metadata import entry_points

    point = next(iter(entry_points(group=ACTORS, name=name)), None)
    if point is None:
        raise SettingsError(f"the services of {name!r} have no simulator: nothing can be shown or tried without one.")
    found: Simulation = point.load()()
    return found
