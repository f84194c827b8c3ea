"""What can be set for pictures; and one resolved set of it.

Takes resolved settings, gives `Wishes`.
"""

from __future__ import annotations

import ipaddress
from typing import NamedTuple

from apod_pipeline.dataset.settings import Setting, positive, whole
from apod_pipeline.settings import Settings

LOOPBACK = ("127.0.0.0/8", "::1/128")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def networks(text: str) -> tuple[Network, ...]:
    """Networks that are no public ones and may be asked all the same: `loopback`, or in CIDR form."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    told = [one for part in parts for one in (LOOPBACK if part == "loopback" else (part,))]
    try:
        return tuple(ipaddress.ip_network(one) for one in told)
    except ValueError as error:
        raise ValueError(f"must be `loopback` or networks such as 10.0.0.0/8, with commas between ({error})") from error


SETTINGS = (
    Setting("pictures_max_gb", "APOD_PICTURES_MAX_GB", 40.0, "GB that the pictures may take", positive(float)),
    Setting("pictures_concurrency", "APOD_PICTURES_CONCURRENCY", 4, "downloads at a time", whole(1, 64)),
    Setting("pictures_per_second", "APOD_PICTURES_PER_SECOND", 5.0, "requests a second per host", positive(float)),
    Setting("pictures_timeout", "APOD_PICTURES_TIMEOUT", 300.0, "seconds that one file may take", positive(float)),
    Setting("pictures_max_mb", "APOD_PICTURES_MAX_MB", 300.0, "MB of the largest file that is taken", positive(float)),
    Setting("pictures_max_mp", "APOD_PICTURES_MAX_MP", 500.0, "megapixels of the largest picture", positive(float)),
    Setting(
        "pictures_alone_mp",
        "APOD_PICTURES_ALONE_MP",
        50.0,
        "megapixels above which a picture is decoded alone, in a process of its own",
        positive(float),
    ),
    Setting(
        "pictures_each_run",
        "APOD_PICTURES_EACH_RUN",
        20,
        "new pictures that a daily run downloads; 0 leaves them to `apod pictures sync`",
        whole(0, 100_000),
    ),
    Setting(
        "pictures_run_seconds",
        "APOD_PICTURES_RUN_SECONDS",
        120.0,
        "seconds after which a daily run leaves the rest to the next one",
        positive(float),
    ),
    Setting(
        "pictures_networks",
        "APOD_PICTURES_NETWORKS",
        (),
        "networks beside the public ones that pictures may come from: `loopback`, or such as 10.0.0.0/8",
        networks,
    ),
)


class Wishes(NamedTuple):
    """What was set, by the names above without `pictures_`."""

    max_gb: float = 40.0
    concurrency: int = 4
    per_second: float = 5.0
    timeout: float = 300.0
    max_mb: float = 300.0
    max_mp: float = 500.0
    alone_mp: float = 50.0
    each_run: int = 20
    run_seconds: float = 120.0
    networks: tuple[Network, ...] = ()


def wishes(settings: Settings) -> Wishes:
    """What of resolved settings is about pictures; the defaults where the extra is not plugged in."""
    told = {one.name.removeprefix("pictures_"): settings.own[one.name] for one in SETTINGS if one.name in settings.own}
    return Wishes(**told)
