"""Which offers of permessage-deflate are taken, and what is answered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whiteboard.transport.deflate_offer import answer_to_offers

PLAIN = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"


@pytest.mark.parametrize(
    ("offered", "answer"),
    [
        ("permessage-deflate", PLAIN),
        ("permessage-deflate; client_max_window_bits", PLAIN),  # Chromium, Firefox
        ("permessage-deflate;client_max_window_bits=15;server_no_context_takeover", PLAIN),
        ('x-other; a="b"; c=d, permessage-deflate; client_max_window_bits="9"', PLAIN),
        ("permessage-deflate; server_max_window_bits=15", f"{PLAIN}; server_max_window_bits=13"),
        ("permessage-deflate; server_max_window_bits=13", f"{PLAIN}; server_max_window_bits=13"),
        ("permessage-deflate; server_max_window_bits=10, permessage-deflate", PLAIN),
        ("permessage-deflate; odd, permessage-deflate ; client_no_context_takeover", PLAIN),
    ],
)
def test_an_offer_that_can_be_kept_is_taken(offered: str, answer: str) -> None:
    """The first of them; nobody keeps a context. [CON-19]"""
    assert answer_to_offers(offered) == answer


@pytest.mark.parametrize(
    "offered",
    [
        "",
        "x-webkit-deflate-frame",
        "Permessage-Deflate",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=12",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=013",
        "permessage-deflate; client_max_window_bits=7",
        "permessage-deflate; client_max_window_bits=x",
        "permessage-deflate; client_no_context_takeover=1",
        "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
        "permessage-deflate; new_parameter",
        "permessage-deflate; =, permessage-deflate",
        "permessage-deflate; a=\x00",
        'permessage-deflate; client_max_window_bits="10',
    ],
)
def test_an_offer_that_cannot_be_kept_is_passed_over(offered: str) -> None:
    """Unknown, repeated and bad parameters decline an offer; a header that is none offers nothing. [CON-20]"""
    assert answer_to_offers(offered) is None


@given(st.text(st.sampled_from('permessage-deflate;,= "15bx_\t'), max_size=60) | st.text(max_size=40))
def test_nothing_that_is_offered_raises(offered: str) -> None:
    """Whatever stands in the header."""
    assert answer_to_offers(offered) in {None, PLAIN}


def test_a_long_header_costs_little() -> None:
    """Its bound is a head's; the work for it is linear."""
    assert answer_to_offers("permessage-deflate" + "; a" * 5_000 + " " * 1_000 + "\x00") is None
