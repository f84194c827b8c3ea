"""What may be done with a picture is concluded from words, never from silence."""

from __future__ import annotations

import pytest
from test_each_rule import answer, item

from apod_pipeline.datasets.apod.rules.rights import conclude

DEED = '<a href="https://creativecommons.org/licenses/{}/4.0/">Licence</a>'
CONCLUSIONS = [
    ("Ada Quill", "copyrighted", "copyright: Ada Quill", True),
    ("Ada Quill; Licence: CC BY-SA 4.0", "cc-by-sa", "CC BY-SA 4.0", True),
    ("Ada Quill (CC-BY-NC-ND)", "cc-by-nc-nd", "CC-BY-NC-ND", False),
    ("Ada Quill, CC0", "cc0", "CC0", False),
    ("Creative Commons Attribution Share Alike", "cc-by-sa", "Creative Commons Attribution Share Alike", False),
    (f"Ada Quill {DEED.format('by')}", "cc-by", "creativecommons.org/licenses/by", False),
    ("http://creativecommons.org/publicdomain/zero/1.0/", "cc0", "creativecommons.org/publicdomain/zero", False),
    (f"Ada Quill; Music: A Tune {DEED.format('by')}", "unknown", None, False),
    ("Ada Quill (public domain)", "public-domain", "public domain", False),
    ("NASA", "public-domain", "credit: NASA", False),
    ("NASA, Hubble Space Telescope", "public-domain", "credit: NASA, Hubble Space Telescope", False),
    ("NASA, ESA, STScI", "public-domain", "credit: NASA, ESA, STScI", False),
    ("NASA/JPL-Caltech, Crew of Apollo 8", "public-domain", "credit: NASA/JPL-Caltech, Crew of Apollo 8", False),
    ("NASA, ESA", "unknown", None, False),
    ("ESA", "unknown", None, False),
    ("NASA, Ada Quill (STScI)", "unknown", None, False),
    ("Creative Commons", "unknown", None, False),
    ("", "unknown", None, False),
]  # fmt: skip


@pytest.mark.parametrize(("credit", "rights", "evidence", "claimed"), CONCLUSIONS)
def test_conclusions(credit, rights, evidence, claimed):
    """A licence is told before a claim, a claim before the agency's policy, and each with its words."""
    assert conclude(credit, "Ada Quill" if claimed else "", credit, claimed=claimed) == (rights, evidence)


def test_a_claim_without_a_name_is_a_claim():
    """A title's credit line that claims a copyright but names nobody makes the picture copyrighted, holder unknown."""
    entry = answer(title="A Lamp over the Harbour\r\nCredit and Copyright:")
    assert (entry.rights, entry.copyright) == ("copyrighted", None)


def test_silence_is_not_freedom():
    """An answer without a copyright says nothing about the rights."""
    assert (answer().rights, answer().rights_evidence) == ("unknown", None)


def test_a_licence_in_a_link_is_found():
    """The new service's credit often has its licence in a link's address only."""
    entry = item(credit=f"Ada Quill {DEED.format('by-sa')}", copyright=f"Ada Quill {DEED.format('by-sa')}")
    assert entry.rights == "cc-by-sa"


def test_a_credit_repeated_as_copyright_is_no_claim():
    """The old service's last version passes the credit on as copyright; without the word it claims nothing."""
    entry = answer(credit="Ada Quill", copyright="Ada Quill")
    assert (entry.credit, entry.copyright, entry.rights) == ("Ada Quill", None, "unknown")
