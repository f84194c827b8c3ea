"""The sentences that explanations are put together from, one tuple for each place in the text.

Takes nothing, gives printf-style templates over the words of one day, never a sentence of APOD's own. Every
template of `MAKING` names the plate, whose number belongs to one day only: so no two days say the same.
"""

from __future__ import annotations


def _sentences(block: str) -> tuple[str, ...]:
    """One sentence a line; a line that ends in a backslash goes on."""
    return tuple(" ".join(line.split()) for line in block.strip().splitlines())


OPENERS = _sentences("""
    What gives %(obj)s its unusual outline, and why was it overlooked?
    If you look long enough toward %(con)s, %(obj)s slowly comes into view.
    Few sights in %(con)s are as %(adj)s as %(obj)s, pictured here.
    Is that %(obj)s hiding behind the foreground stars of %(con)s?
    It takes patience, and dark skies, to find %(obj)s in %(con)s.
    %(Cap)s looks calm, but almost everything about it is changing.
    Where do the %(col)s filaments of %(obj)s begin, and where do they end?
    Most observers sweep past %(con)s without ever stopping at %(obj)s.
    Could a %(kin)s this %(adj)s really have formed all by itself?
    Meet %(obj)s, a %(adj)s %(kin)s in the constellation %(con)s.
    Not every %(kin)s is round, and %(obj)s is a fine example of that.
    Seen from %(place)s, %(obj)s climbs barely a hand above the horizon.
""")

SETTING = _sentences("""
    The %(kin)s, catalogued as %(cat)s, lies about %(ly)s light-years away toward the constellation %(con)s.
    Near the centre of the frame is %(cat)s, while the faint smudge beside it is %(nbr)s.
    At the estimated distance of %(ly)s light-years, the whole view spans roughly %(num)s light-years \
        from side to side.
    Listed by early observers as %(cat)s, it shares this corner of %(con)s with %(nbr)s.
    Its closest companion on the sky, %(nbr)s, is in truth much farther away than %(cat)s.
    On the sky %(cat)s covers less than the full Moon, although it is %(ly)s light-years distant.
    To the left lies %(nbr)s, and everything in between is thinner than any vacuum made on Earth.
    Here %(cat)s is framed by the crowded star fields of %(con)s, some %(ly)s light-years behind it.
""")

LIGHT = _sentences("""
    The %(col)s light is emitted by %(gas)s, excited by a handful of massive stars still wrapped in cocoons.
    Most of the %(col)s glow comes from atoms of %(gas)s, each giving back the energy that it received \
        from starlight.
    In this composite the emission of %(gas)s is shown as %(col)s, a choice made to bring out the \
        thinnest wisps.
    What appears %(col)s to the camera would look grey to the eye, since %(gas)s radiates so very faintly.
    Starlight scattered by fine grains adds the %(col)s haze, while the darker lanes are dust in the \
        foreground.
    A narrow filter that passes only the light of %(gas)s suppressed the glow of nearby towns.
    The %(col)s rim marks where a fast wind of particles ploughs into cooler %(gas)s and stops.
    Where %(gas)s is densest the picture turns %(col)s, and where it thins out even background \
        galaxies shine through.
""")

PHYSICS = _sentences("""
    Gravity pulls the cloud together, pressure pushes it apart, and for some ten million years neither \
        will win.
    Computer models suggest that a close passage %(num)s million years ago drew out the %(adj)s tails \
        on either side.
    The shock moves at about %(num)s kilometres per second, which is slow for its age and has puzzled \
        observers.
    Magnetic fields thread the gas like the grain in a plank, and keep the thinnest strands from \
        drifting away.
    A star much heavier than the Sun ended its life here, and its last wave has been travelling ever since.
    Inside the darkest knots it is only ten degrees above absolute zero, and simple molecules freeze \
        onto the dust.
    Tides raised by the neighbour stretch one side more than the other, so that the outline becomes \
        lopsided over time.
    Nobody knows yet why the northern half rotates faster, although several teams have proposed an \
        unseen companion.
    Radiation from the hot centre evaporates the surface of each pillar and leaves only the densest \
        material standing.
    The count of its stars by brightness tells the age: the brightest have already gone, the fainter \
        ones remain.
""")

SCALE = _sentences("""
    If Earth's orbit were the size of a coin, this %(kin)s would reach beyond the nearest city.
    Light needs %(num)s years to cross from one end of the structure to the other.
    The smallest details that can be made out are about as wide as our whole Solar System.
    All of the bright points in the field, with perhaps %(num)s exceptions, belong to our own Milky Way.
    Its total mass is put at %(num)s times that of the Sun, with an uncertainty of about one half.
    A traveller aboard the fastest of today's probes would need more than %(num)s million years.
    Compared with other objects of its type it is small, dim, and unremarkable except for its shape.
    Even so, only one part in %(num)s of its light ever arrives at a telescope on Earth.
""")

MAKING = _sentences("""
    The featured picture, plate %(plate)s, was taken from %(place)s %(sea)s with %(tool)s.
    To make plate %(plate)s, %(hrs)s hours of exposures with %(tool)s were carefully added together.
    The data on plate %(plate)s were recorded %(sea)s with %(tool)s, and combined by hand.
    Taken with %(tool)s, plate %(plate)s collects %(hrs)s hours of light that arrived %(sea)s.
    On plate %(plate)s, made with %(tool)s, the halo around the brightest star is an artefact of the optics.
    A visitor to %(place)s exposed plate %(plate)s for %(hrs)s hours %(sea)s, using %(tool)s.
""")

HISTORY = _sentences("""
    It was first sketched a century ago by an observer who took it for a flaw in the lens.
    A search through older archives showed that it had been photographed %(num)s times without anybody \
        writing it down.
    The name stuck after a schoolchild in %(place)s remarked that the shape resembled nothing else in \
        the atlas.
    Two surveys disagree about the distance, and a third that could settle the question ends next year.
    Since the last good view was taken the eastern edge has moved by a few pixels, exactly as predicted.
    Amateurs have followed it for decades, and their notes are now the longest existing record of its \
        brightness.
    Observers in %(place)s had predicted the discovery, but clouds kept them from making it themselves.
    Until quite recently it was listed under two names, a mix-up that %(who)s helped to clear up.
""")

CLOSING = _sentences("""
    In a few thousand years the whole display will have faded: this is a good time to look.
    Future observations at longer wavelengths may show what remains hidden behind the dust.
    With binoculars and luck it can be glimpsed %(sea)s, low in %(con)s.
    Whether the %(adj)s pattern will last is unknown, but a new instrument should be able to tell.
    Some of that dust may one day be part of a planet, perhaps of somebody who looks back.
    The next chance to see both objects this close together will come in %(num)s years.
    For now, %(obj)s keeps its secret rather well.
    As for %(nbr)s, it deserves, and will surely get, a picture of its own.
""")
