"""Bytes that are pictures, and bytes that are not: judged in a process of their own."""

from __future__ import annotations

import io
import random
import struct
import zlib

import imagehash
import pytest
from PIL import Image, ImageChops, ImageStat

from apod_pipeline.datasets.apod.drawn_pictures import picture as drawn
from apod_pipeline.extras.pictures.inspectors import Inspectors, Unsound
from apod_pipeline.extras.pictures.magic import looks_like_a_picture
from apod_pipeline.extras.pictures.perceptual import distance

PHOTO = drawn("Referee01_Quill", form="png")


@pytest.fixture(scope="module")
def inspectors():
    """Two processes; pictures up to 40 megapixels, above 6 decoded alone."""
    own = Inspectors(most=40_000_000, alone=6_000_000)
    yield own
    own.close()


@pytest.fixture
def judged(inspectors, tmp_path):
    """What is said of some bytes, and the thumbnail."""

    def judge(body):
        path, thumbnail = tmp_path / "came", tmp_path / "small.webp"
        path.write_bytes(body)
        facts = inspectors.inspect(path, thumbnail)
        return facts, Image.open(io.BytesIO(thumbnail.read_bytes()))

    return judge


def encoded(kind, image=None, **words):
    """A picture as a file of a kind."""
    body = io.BytesIO()
    (image or Image.open(io.BytesIO(PHOTO))).save(body, kind, **words)
    return body.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "AVIF"])
def test_every_kind_that_is_kept(judged, kind):
    """Type and size are those of the bytes, and the thumbnail has the picture's shape."""
    facts, thumbnail = judged(encoded(kind))
    whole = Image.open(io.BytesIO(PHOTO)).size
    assert (facts["width"], facts["height"]) == whole
    assert facts["type"] == f"image/{kind.lower()}"
    assert looks_like_a_picture(encoded(kind)[:64])
    assert thumbnail.format == "WEBP"
    assert max(thumbnail.size) == 640
    assert thumbnail.size[0] / thumbnail.size[1] == pytest.approx(whole[0] / whole[1], rel=0.01)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F"])
def test_every_mode_of_colour(judged, mode):
    """Black and white, palettes, transparency, print colours and sixteen bits have a thumbnail that shows something."""
    image = Image.open(io.BytesIO(PHOTO)).convert("RGB")
    if mode in {"I;16", "I", "F"}:
        image = (
            image.convert("L").convert("F").point(lambda value: value * 200 + 3000).convert("I" if mode != "F" else "F")
        )
        image = image.convert(mode)
    else:
        image = image.convert(mode)
    facts, thumbnail = judged(encoded("TIFF", image))
    assert (facts["width"], facts["height"]) == image.size
    low, high = thumbnail.convert("L").getextrema()
    assert high - low > 60


def test_a_picture_that_lies_on_its_side(judged):
    """A camera's note that the picture is turned is heeded: width, height and thumbnail are as one sees it."""
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.open(io.BytesIO(PHOTO)).convert("RGB").resize((900, 500))
    facts, thumbnail = judged(encoded("JPEG", image, exif=exif))
    assert (facts["width"], facts["height"]) == (500, 900)
    assert thumbnail.size[0] < thumbnail.size[1]


def test_a_film_of_pictures(judged):
    """An animated GIF is judged by all of its frames, and shown by its first."""
    frames = [Image.new("RGB", (64, 48), (shade, 0, 40)) for shade in (10, 120, 250)]
    body = io.BytesIO()
    frames[0].save(body, "GIF", save_all=True, append_images=frames[1:])
    facts, thumbnail = judged(body.getvalue())
    assert (facts["width"], facts["height"]) == (64, 48)
    assert thumbnail.convert("RGB").getpixel((5, 5))[0] < 60
    with pytest.raises(Unsound):
        judged(body.getvalue()[:-40])


def test_the_hash_is_that_of_the_fields_library(judged):
    """Of the thumbnail, the perceptual hash is the one that imagehash gives for 256 bits, to a bit or two."""
    for name in ("Quill01_A", "Quill02_B", "Quill03_C", "Quill04_D"):
        facts, thumbnail = judged(drawn(name, form="jpeg"))
        theirs = imagehash.phash(thumbnail, hash_size=16, highfreq_factor=2)
        differ = (int(str(theirs), 16) ^ int(facts["perceptual_hash"], 16)).bit_count()
        assert differ <= 6  # the thumbnail itself was encoded after it was hashed


@pytest.mark.parametrize("progressive", [False, True], ids=["baseline", "progressive"])
def test_damage_to_a_large_jpeg_is_found_as_by_a_decode_to_all_pixels(judged, progressive):
    """A JPEG is decoded to fewer pixels, and cut or flipped at any place it is refused where a whole decode would."""
    photo = Image.open(io.BytesIO(PHOTO)).convert("RGB").resize((2900, 1500))
    sound, outcomes = encoded("JPEG", photo, progressive=progressive, quality=40), set()
    chance, begin = random.Random(7), sound.index(b"\xff\xda")
    for number in range(24):
        place = chance.randrange(begin, len(sound))
        cut, flipped = sound[:place], sound[:place] + bytes([chance.randrange(256)]) + sound[place + 1 :]
        body = cut if number % 2 else flipped
        try:
            with Image.open(io.BytesIO(body)) as whole:
                whole.load()
            wanted = True
        except (OSError, SyntaxError):
            wanted = False
        try:
            facts, _ = judged(body)
            found = (facts["width"], facts["height"]) == (2900, 1500)
        except Unsound:
            found = False
        assert (number, place, found) == (number, place, wanted)
        outcomes.add(found)
    assert outcomes == {True, False}


def test_a_large_jpeg_looks_as_if_it_were_decoded_to_all_pixels(judged):
    """Thumbnail and hash of a JPEG that is decoded to fewer pixels are nearly those of the same pixels in a PNG."""
    photo = Image.open(io.BytesIO(PHOTO)).convert("RGB").resize((4001, 2301))
    (jpeg, ours), (png, theirs) = judged(encoded("JPEG", photo, quality=92)), judged(encoded("PNG", photo))
    assert distance(jpeg["perceptual_hash"], png["perceptual_hash"]) <= 8
    assert ours.size == theirs.size == (640, 368)
    assert max(ImageStat.Stat(ImageChops.difference(ours.convert("RGB"), theirs.convert("RGB"))).mean) < 3  # of 255


def test_a_long_strip_of_a_panorama(judged):
    """The shape that is hardest to reduce, some thousand times as long as it is high, has a thumbnail too."""
    facts, thumbnail = judged(encoded("JPEG", Image.new("RGB", (20_000, 17), (90, 60, 30))))
    assert (facts["width"], facts["height"], thumbnail.size) == (20_000, 17, (640, 1))


def bomb(width, height):
    """A PNG of a few bytes that claims a great many pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


HOSTILE = {
    "bomb": (bomb(50_000, 50_000), "claims 50000 x 50000 pixels"),
    "hollow": (bomb(4_000, 4_000), "cannot be decoded"),
    "spacer": (encoded("GIF", Image.new("RGB", (1, 1))), "1 x 1 pixels are no picture"),
    "strip": (encoded("PNG", Image.new("RGB", (4_000, 2))), "are no picture"),
    "cut": (encoded("JPEG")[:-3000], "cannot be decoded to its end"),
    "cut PNG": (PHOTO[: len(PHOTO) // 2], "cannot be decoded to its end"),
    "page": (b"<!doctype html><html><body>moved</body></html>" * 9, "no picture's"),
    "drawing": (b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>', "no picture's"),
    "nothing": (b"", "no picture's"),
    "postscript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n" * 9, "no picture's"),
    "first bytes": (b"\xff\xd8\xff" + bytes(range(256)) * 9, "damaged|no picture|decoded"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_refused(judged, name):
    """Bombs, damaged files, pages, drawings and scripts are refused in words, whatever they are called."""
    body, said = HOSTILE[name]
    with pytest.raises(Unsound, match=said):
        judged(body)


def test_pages_and_drawings_are_known_by_their_first_bytes():
    """What a picture never begins with is not even downloaded to its end."""
    for name in ("page", "drawing", "nothing", "postscript"):
        assert not looks_like_a_picture(HOSTILE[name][0][:64])


def test_a_large_picture_is_decoded_alone(judged):
    """Above the setting a picture is judged by a process of its own, and the others go on afterwards."""
    facts, _ = judged(encoded("JPEG", Image.new("RGB", (3000, 2500), (30, 60, 90))))
    assert (facts["width"], facts["height"]) == (3000, 2500)
    assert judged(PHOTO)[0]["type"] == "image/png"


def test_a_decoder_that_dies_takes_nothing_with_it(inspectors, tmp_path):
    """A process that is killed refuses its picture alone; the next one is judged by a new process."""
    path = tmp_path / "came"
    path.write_bytes(PHOTO)
    for number in range(3):  # both processes are at work by now
        inspectors.inspect(path, tmp_path / f"{number}.webp")
    for child in inspectors.children:
        child.kill()
        child.wait()
    refused = 0
    for number in range(4):
        try:
            inspectors.inspect(path, tmp_path / f"again{number}.webp")
        except Unsound as error:
            assert "died" in str(error)  # noqa: PT017 - how many of them is the question
            refused += 1
    assert 1 <= refused <= 2
