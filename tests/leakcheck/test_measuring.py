"""What counts as a leak."""

import pytest

from whiteboard.leakcheck.measuring import slope_of


def test_a_line_through_numbers_on_it_has_no_error() -> None:
    """And its slope."""
    slope = slope_of([(x, 1_000 + 250 * x) for x in (10, 20, 30, 40)])
    assert slope.per_cycle == pytest.approx(250)
    assert slope.error == pytest.approx(0, abs=1e-9)
    assert slope.is_up


def test_the_error_is_the_textbooks() -> None:
    """Four points, by hand: slope 0.8, residuals -0.3, 0.4, 0.1, -0.2 and so on."""
    slope = slope_of([(1, 2), (2, 4), (3, 3), (4, 5)])
    assert slope.per_cycle == pytest.approx(0.8)
    assert slope.error == pytest.approx((1.8 / 2 / 5) ** 0.5)


def test_what_goes_up_and_down_is_no_leak() -> None:
    """However much it is."""
    assert not slope_of([(x, 10_000_000 * (x % 2)) for x in range(10)]).is_up
