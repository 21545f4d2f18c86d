from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fleetsim.report import words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0 %"),
        (1.0, "100 %"),
        (0.019, "1.9 %"),
        (0.124, "12.4 %"),
        (0.9996, "99.96 %"),
        (0.999999, "over 99.99 %"),
        (0.000_153, "0.0153 %"),
        (0.000_001, "under 0.001 %"),
    ],
)
def test_only_nothing_is_0_percent_and_only_all_is_100_percent(value: float, text: str) -> None:
    assert words.share(value) == text


@pytest.mark.parametrize(("value", "text"), [(0.0, "0 %"), (0.004, "under 1 %"), (0.784, "78 %"), (0.997, "over 99 %")])
def test_a_rough_share_hides_no_part(value: float, text: str) -> None:
    assert words.rough_share(value) == text


def test_a_share_has_the_decimals_that_its_interval_deserves() -> None:
    assert words.estimated_share(0.01907, 0.0173, 0.0210) == ("1.9 %", "1.7 %", "2.1 %")
    assert words.estimated_share(0.202, 0.16, 0.244) == ("20 %", "16 %", "24 %")


def test_a_share_near_all_keeps_decimals_until_it_is_not_rounded_to_all() -> None:
    value, _low, high = words.estimated_share(0.9996, 0.99, 0.9999)
    assert (value, high) == ("99.96 %", "99.99 %")


def test_an_interval_that_reaches_below_nothing_is_cut_there() -> None:
    assert words.estimated_share(0.01, -0.02, 0.04)[1] == "0 %"
    assert words.estimated_money(5.0, -3.0, 13.0, "USD") == ("$5", "$0", "$13")


def test_cents_are_left_out_where_the_interval_is_ten_units_wide() -> None:
    assert words.estimated_money(128.45, 120.0, 136.9, "USD") == ("$128", "$120", "$137")
    assert words.estimated_money(12.3, 11.9, 12.7, "EUR") == ("EUR 12.30", "EUR 11.90", "EUR 12.70")


def test_a_limit_is_not_rounded() -> None:
    assert words.limit(5_000_000) == "5 MB"
    assert words.limit(1_234_567) == "1234567 B"
    assert words.limit(0) == "0 B"
    assert words.limit(None) == "unlimited"


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        (datetime(2026, 1, 1), datetime(2026, 2, 1), "1 month"),
        (datetime(2026, 1, 31), datetime(2026, 2, 28), "1 month"),
        (datetime(2025, 11, 5, 6), datetime(2026, 2, 5, 6), "3 months"),
        (datetime(2026, 1, 1), datetime(2026, 1, 31), "30 days"),
        (datetime(2026, 1, 1), datetime(2026, 1, 2, 12), "1 day 12 h"),
    ],
)
def test_a_horizon_is_told_in_months_where_it_is_whole_months(start: datetime, end: datetime, text: str) -> None:
    assert words.horizon(start.replace(tzinfo=UTC), end.replace(tzinfo=UTC)) == text


def test_a_name_stays_on_one_line_and_cannot_turn_the_text_around() -> None:
    assert words.plain("a\nb\x1b[31m\u202ec") == "a\\nb\\x1b[31m\\u202ec"
    assert words.plain("Zähler 水") == "Zähler 水"


def test_no_line_ends_between_a_number_and_its_unit() -> None:
    assert words.unbroken("at 5 MB, 2 % in 3 Bars") == "at 5\u00a0MB, 2\u00a0% in 3 Bars"
