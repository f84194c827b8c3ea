"""The vocabulary of the generated entries: names, kinds, places, people, instruments.

Takes nothing, gives tuples of words and phrases, never a real person or object: those are invented, while
constellations, places and elements bear real names. Some words are not ASCII on purpose, like those of real
credits.
"""

from __future__ import annotations


def _words(block: str) -> tuple[str, ...]:
    """Single words, separated by any blanks."""
    return tuple(block.split())


def _phrases(block: str) -> tuple[str, ...]:
    """One phrase a line."""
    return tuple(line.strip() for line in block.strip().splitlines())


NAMES = _words("""
    Lantern Harp Kestrel Anvil Thistle Lighthouse Marble Otter Sundial Bramble Compass Heron Cinder
    Ladle Mitten Acorn Trellis Magpie Saffron Quarry Windmill Juniper Pebble Gondola Teacup Plough
    Nettle Bellows Fiddle Ember Tortoise Sickle Walnut Feather Carousel Barnacle Cartwheel Thimble
    Hammock Icicle Lobster Pretzel Satchel Umbrella Violin Wicker Yarrow Zither Cobweb Drum Hedgehog
    Inkwell Jackdaw Kettle Loom Mosaic Nutmeg Orchard Parasol Rudder Shuttle Tassel Urn Wreath
""")

KINDS = (
    ("Nebula", "nebula"),
    ("Galaxy", "galaxy"),
    ("Cluster", "star cluster"),
    ("Remnant", "supernova remnant"),
    ("Comet", "comet"),
    ("Nebula", "nebula"),
    ("Galaxy", "galaxy"),
    ("Group", "galaxy group"),
    ("Cloud", "molecular cloud"),
    ("Crater", "crater"),
    ("Globule", "dark globule"),
    ("Stream", "stellar stream"),
)

CONSTELLATIONS = _words("""
    Andromeda Aquarius Aquila Ara Aries Auriga Cancer Carina Cassiopeia Centaurus Cepheus Cetus Columba
    Corvus Cygnus Delphinus Dorado Draco Eridanus Fornax Gemini Grus Hercules Hydra Lacerta Leo
    Lepus Libra Lupus Lynx Lyra Monoceros Norma Octans Ophiuchus Orion Pavo Pegasus Perseus Phoenix
    Pictor Pisces Puppis Sagitta Scorpius Sculptor Scutum Serpens Taurus Triangulum Tucana Vela Virgo
    Vulpecula
""")

PLACES = _phrases("""
    La Palma
    Réunion
    Tromsø
    Utah
    Patagonia
    Namibia
    Tasmania
    Crete
    Hokkaido
    the Atacama
    Brittany
    Karelia
    Queensland
    Oaxaca
    Ladakh
    Madeira
    Iceland
    the Drakensberg
    Córdoba
    Yukon
    the Alentejo
    Kyrgyzstan
    Sardinia
    the Karoo
""")

FIRST_NAMES = _words("""
    Ada Élodie Ben Noor Łucja Tomás Priya Jürgen Mei Oskar Zoë Kofi Ines Aroha Søren Leila Petr Hana
    Ravi Greta Iñaki Dalia Emre Yuki
""")

LAST_NAMES = _words("""
    Quill Marlow Vauquelin Strand Okafor Lindqvist Peña Haldane Ferreira Novák Bramwell Takahara Moreau
    Eklund Adeyemi Castellan Dvorak Ishii Kowal Ruiz Thorne Ueda Wexford Zeller Aldous Barkov Corrigan
    Delacroix Engström Fairweather Grimaldi Hollis
""")

AGENCIES = _phrases("""
    NASA, ESA, and the Lantern Survey
    NASA/JPL/Quarry Imaging Team
    ESO, the Heron Consortium
    NOIRLab, NSF, AURA
    NASA, CSA, ESA, STScI
    JAXA, the Sundial Mission
    ESA, the Compass Legacy Archive
    NASA, Goddard, the Ember Probe
""")

ADJECTIVES = _words("""
    quiet restless faint brilliant tangled lopsided ancient young hollow ragged dusty windswept
    glittering shadowy crowded lonely unhurried stretched twisted frozen
""")

COLOURS = _words("""
    amber crimson teal violet copper silver ruby indigo golden ashen rosy emerald
""")

GASES = _phrases("""
    hydrogen
    oxygen
    sulphur
    nitrogen
    helium
    ionised carbon
    water vapour
    carbon monoxide
""")

TOOLS = _phrases("""
    a home-built 30-centimetre reflector
    a small refractor on a tracking mount
    an orbiting observatory
    a pair of ordinary camera lenses
    a survey telescope in the southern desert
    a radio dish in a remote valley
    a robotic observatory run by students
    an infrared camera cooled with liquid nitrogen
    a spacecraft bound for the outer planets
    a wide-field astrograph
""")

SEASONS = _phrases("""
    on a cold night in spring
    shortly after midsummer
    during the longest winter night
    before a hazy dawn
    between two passing storms
    under a moonless autumn sky
    late in the rainy season
    while the town slept
""")

TITLES = _phrases("""
    The %(Obj)s
    The %(Obj)s in %(con)s
    %(cat)s: The %(Obj)s
    The %(Obj)s over %(place)s
    Inside the %(Obj)s
    Dust & Gas near the %(Obj)s
    A %(Adj)s Corner of %(con)s
    The %(Obj)s and the %(Nbr)s
    %(cat)s in %(con)s
    Zooming into the %(Obj)s
    The %(Obj)s's Hidden Side
    Stars behind the %(Obj)s
    %(con)s Rising over %(place)s
    The %(Col)s Glow of %(cat)s
    A "%(Name)s" among the Stars
    Deep Field: %(con)s
""")
