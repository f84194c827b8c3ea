"""Pictures that look alike are found, others are not; mirrored ones too."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageEnhance, ImageOps

from apod_pipeline.datasets.apod.drawn_pictures import picture as drawn
from apod_pipeline.extras.pictures.perceptual import NEAR, SIDE, distance, near_pairs, perceptual_hash

HASHES = st.integers(0, 2**256 - 1).map(lambda value: f"{value:064x}")


def hashed(image):
    """The hash of a picture in memory."""
    return perceptual_hash(list(image.convert("L").resize((SIDE, SIDE), Image.Resampling.LANCZOS).tobytes()))


@pytest.fixture(scope="module")
def images():
    """Twelve pictures that are not alike."""
    return [
        Image.open(io.BytesIO(drawn(f"Alike{number:02d}_Quill", form="png"))).convert("RGB") for number in range(12)
    ]


@pytest.mark.parametrize(
    "change",
    [
        lambda image: image.resize((image.size[0] // 2, image.size[1] // 2)),
        lambda image: ImageEnhance.Brightness(image).enhance(1.15),
        ImageOps.mirror,
        lambda image: image.crop((5, 5, image.size[0] - 5, image.size[1] - 5)),
    ],
    ids=["smaller", "brighter", "mirrored", "cropped"],
)
def test_what_looks_alike_is_near(images, change):
    """Scaled, brightened, mirrored or slightly cropped, a picture is near to itself, and to none of the others."""
    hashes = [hashed(image) for image in images]
    for place, image in enumerate(images):
        far = [distance(hashed(change(image)), one) for one in hashes]
        assert far[place] <= NEAR
        assert min(bits for number, bits in enumerate(far) if number != place) > NEAR


@given(st.lists(HASHES, max_size=30, unique=True), st.lists(st.integers(0, 255), max_size=6), st.booleans())
def test_pairs_are_those_of_a_comparison_of_all(hashes, flipped, mirrored):
    """Whatever is near by comparing one by one is found, once, and nothing else is; plain pictures are left out."""
    if hashes:
        value = int(hashes[0], 16)
        for bit in flipped:
            value ^= 1 << bit
        hashes = list(dict.fromkeys([*hashes, f"{value ^ (int('5555' * 16, 16) if mirrored else 0):064x}"]))
    counted = [one for one in hashes if int(one, 16).bit_count() >= 64]
    expected = {
        (frozenset((one, other)), distance(one, other))
        for place, one in enumerate(counted)
        for other in counted[place + 1 :]
        if distance(one, other) <= NEAR
    }
    found = list(near_pairs(hashes))
    assert {(frozenset((one, other)), bits) for one, other, bits in found} == expected
    assert len(found) == len(expected)


def test_pictures_of_one_colour_are_not_alike():
    """An empty picture looks like every other empty one, and is no duplicate of it."""
    plain = {hashed(Image.new("RGB", (64, 64), colour)) for colour in ("black", "grey", "white")}
    assert list(near_pairs(plain)) == []


def test_duplicates_of_an_archive(hung):
    """The same file and nearly the same picture are told with both days, the later one first, in table and command."""
    same, view = (hung.kept()[key]["asked"] for key in ("2018-12-25", "2018-12-26"))
    stem, dot, extension = view.rpartition(".")
    mirrored = f"{stem}_mirror{dot}{extension}"
    hung.nasa.edit(_day("2018-12-31"), url=same, hdurl=same)
    hung.nasa.edit(_day("2018-12-30"), url=mirrored, hdurl=mirrored)
    hung.run()
    hung.sync()
    pairs = json.loads(hung.command("pictures", "duplicates", "--json").stdout)["pairs"]
    told = {(pair["key"], pair["ran_before_on"]): pair["bits"] for pair in pairs}
    assert told[("2018-12-31", "2018-12-25")] == 0
    assert 0 < told[("2018-12-30", "2018-12-26")] <= NEAR
    rows = hung.rows("SELECT date, other, bits FROM apod_alike")
    assert {(key, other): bits for key, other, bits in rows} == told
    hung.nasa.reset()


def _day(text):
    import datetime as dt

    return dt.date.fromisoformat(text)
