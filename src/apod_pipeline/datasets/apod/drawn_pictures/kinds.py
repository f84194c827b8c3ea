"""Which kinds of pictures there are, the usual ones more than once.

Takes nothing, gives the functions that draw, never draws.
"""

from __future__ import annotations

from apod_pipeline.datasets.apod.drawn_pictures.comets import comet
from apod_pipeline.datasets.apod.drawn_pictures.eclipses import eclipse, partial_eclipse
from apod_pipeline.datasets.apod.drawn_pictures.galaxies import spiral_galaxy
from apod_pipeline.datasets.apod.drawn_pictures.landscapes import aurora, milky_way
from apod_pipeline.datasets.apod.drawn_pictures.moons import moon
from apod_pipeline.datasets.apod.drawn_pictures.nebulae import nebula, planetary_nebula, star_cluster
from apod_pipeline.datasets.apod.drawn_pictures.planets import giant, rocky
from apod_pipeline.datasets.apod.drawn_pictures.suns import sun

KINDS = (
    *[spiral_galaxy, nebula] * 3,
    *[aurora, comet, rocky] * 3,
    *[giant, milky_way, planetary_nebula, moon] * 2,
    *(star_cluster, sun, eclipse, partial_eclipse),
)
