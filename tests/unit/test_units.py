from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetsim import units


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("0 s", 0),
        ("7 ms", 7),
        ("90 s", 90_000),
        ("1.5 h", 5_400_000),
        ("0.001 s", 1),
        ("10 days 2 hours", 871_200_000),
        ("1 day", 86_400_000),
        ("2 weeks", 1_209_600_000),
        ("1h30min", 5_400_000),
        ("  15min ", 900_000),
        ("1 week 1 day 1 hour 1 min 1 s 1 ms", 694_861_001),
    ],
)
def test_a_duration_is_whole_milliseconds(text: str, ms: int) -> None:
    assert units.parse_duration_ms(text) == ms


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0 B", 0),
        ("800 B", 800),
        ("5.4 kB", 5400),
        ("1.2 MB", 1_200_000),
        ("2TB", 2_000_000_000_000),
        ("1 KiB", 1024),
        ("0.5 MiB", 524_288),
        ("1 GiB", 1_073_741_824),
    ],
)
def test_bytes_are_decimal_or_binary_and_whole(text: str, size: int) -> None:
    assert units.parse_bytes(text) == size


@pytest.mark.parametrize(
    ("text", "rate", "canonical"),
    [
        ("1 bit/s", 1, "1 bit/s"),
        ("200 kbit/s", 200_000, "200 kbit/s"),
        (" 9.6kbit / s ", 9600, "9600 bit/s"),
        ("1.5 Mbit per s", 1_500_000, "1500 kbit/s"),
        ("0.001 kbit/s", 1, "1 bit/s"),
        ("1000 Gbit/s", 10**12, "1000 Gbit/s"),
    ],
)
def test_a_throughput_is_whole_bits_per_second(text: str, rate: int, canonical: str) -> None:
    assert units.parse_bits_per_second(text) == rate
    assert units.canonical_bit_rate(rate) == canonical


def test_rates_and_money_are_exact() -> None:
    assert units.parse_rate_per_day("6 per day") == 6
    assert units.parse_rate_per_day("6 per week") == Fraction(6, 7)
    assert units.parse_rate_per_day("0.1 per s") == 8640
    assert units.parse_rate_per_day("0.5 per h") == 12
    assert units.parse_rate_per_day("2 per min") == 2880
    assert units.parse_bytes_per_second("280 kB/s") == 280_000
    assert units.parse_bytes_per_second("1 KiB per s") == 1024
    assert units.parse_money_micros("0.10") == 100_000
    assert units.parse_money_micros("2") == 2_000_000
    assert units.parse_money_micros("0.000001") == 1
    assert units.parse_decimal("0.95") == Fraction(19, 20)


@pytest.mark.parametrize(
    ("parse", "text", "message"),
    [
        (units.parse_duration_ms, "5 m", f"{units.DURATION_EXPECTED}; 'm' is ambiguous: write 'min' or 'months'"),
        (units.parse_duration_ms, "5", f"{units.DURATION_EXPECTED}; a number needs its unit"),
        (units.parse_duration_ms, "1 month", f"{units.DURATION_EXPECTED}; months have no fixed length"),
        (units.parse_duration_ms, "5 d", f"{units.DURATION_EXPECTED}; the units are ms, s, min, h, days and weeks"),
        (units.parse_duration_ms, "-5 s", units.DURATION_EXPECTED),
        (units.parse_duration_ms, "1e3 s", f"{units.DURATION_EXPECTED}; the units are ms, s, min, h, days and weeks"),
        (units.parse_duration_ms, "", units.DURATION_EXPECTED),
        (units.parse_duration_ms, "٣ s", units.DURATION_EXPECTED),
        (units.parse_duration_ms, "0.0001 s", "expected a whole number of milliseconds"),
        (units.parse_duration_ms, "9" * 10_000 + " s", units.DURATION_EXPECTED),
        (
            units.parse_bytes,
            "5 KB",
            f"{units.BYTES_EXPECTED}; 'KB' is ambiguous: write 'kB' (1000 B) or 'KiB' (1024 B)",
        ),
        (units.parse_bytes, "5", f"{units.BYTES_EXPECTED}; a number needs its unit"),
        (
            units.parse_bytes,
            "5 Mb",
            f"{units.BYTES_EXPECTED}; the units are B, kB, MB, GB, TB, KiB, MiB, GiB",
        ),
        (units.parse_bytes, "inf B", units.BYTES_EXPECTED),
        (units.parse_bytes, "0.3 B", "expected a whole number of bytes"),
        (units.parse_bytes, "9" * 10_000 + " B", units.BYTES_EXPECTED),
        (units.parse_bytes_per_second, "280 kB", units.BYTE_RATE_EXPECTED),
        (units.parse_bytes_per_second, "280 kB/min", units.BYTE_RATE_EXPECTED),
        (units.parse_bytes_per_second, "0.5 B/s", "expected a whole number of bytes"),
        (units.parse_bits_per_second, "200 kB/s", units.BIT_RATE_EXPECTED),
        (units.parse_bits_per_second, "200 Kbit/s", units.BIT_RATE_EXPECTED),
        (units.parse_bits_per_second, "200 kbit", units.BIT_RATE_EXPECTED),
        (units.parse_bits_per_second, "200 kbit/min", units.BIT_RATE_EXPECTED),
        (units.parse_bits_per_second, "200kbitpers", units.BIT_RATE_EXPECTED),
        (units.parse_bits_per_second, "200", units.BIT_RATE_EXPECTED),
        (units.parse_bits_per_second, "-1 bit/s", units.BIT_RATE_EXPECTED),
        (units.parse_bits_per_second, "1e3 bit/s", units.BIT_RATE_EXPECTED),
        (units.parse_bits_per_second, "0.0001 kbit/s", "expected a whole number of bits per second"),
        (units.parse_bits_per_second, "9" * 10_000 + " bit/s", units.BIT_RATE_EXPECTED),
        (units.parse_rate_per_day, "6", units.RATE_EXPECTED),
        (units.parse_rate_per_day, "6 per month", units.RATE_EXPECTED),
        (units.parse_rate_per_day, "-6 per day", units.RATE_EXPECTED),
        (units.parse_money_micros, "0.0000001", units.MONEY_EXPECTED),
        (units.parse_money_micros, "1e5", units.MONEY_EXPECTED),
        (units.parse_money_micros, "nan", units.MONEY_EXPECTED),
        (units.parse_decimal, ".inf", "expected a decimal number such as 0.5"),
    ],
)
def test_what_is_no_quantity_is_answered_with_what_was_expected(
    parse: Callable[[str], object], text: str, message: str
) -> None:
    with pytest.raises(ValueError) as caught:
        parse(text)
    assert str(caught.value) == message


@given(st.integers(0, 2**63))
def test_canonical_texts_read_back_to_the_same_integer(value: int) -> None:
    assert units.parse_duration_ms(units.canonical_duration(value)) == value
    assert units.parse_bytes(units.canonical_bytes(value)) == value
    assert units.parse_bits_per_second(units.canonical_bit_rate(value)) == value
    assert units.parse_money_micros(units.canonical_money(value)) == value


@given(st.integers(1, 10**12), st.integers(0, 9), st.sampled_from(sorted(units.RATE_UNITS)))
def test_a_canonical_rate_reads_back_to_the_same_fraction(digits: int, point: int, unit: str) -> None:
    rate = units.parse_rate_per_day(f"{units.decimal_text(Fraction(digits, 10**point))} per {unit}")
    assert units.parse_rate_per_day(units.canonical_rate(rate)) == rate


def test_a_fraction_that_is_no_decimal_number_has_no_decimal_text() -> None:
    assert units.decimal_text(Fraction(1, 3)) is None
    assert units.decimal_text(Fraction(-1, 8)) == "-0.125"
    with pytest.raises(ValueError):
        units.canonical_rate(Fraction(1, 11))


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (999.7, "1 kB"),
        (1234, "1.23 kB"),
        (999_499, "999 kB"),
        (999_500, "1 MB"),
        (1_234_567, "1.23 MB"),
        (2.5e15, "2,500 TB"),
    ],
)
def test_bytes_for_people_have_three_digits(size: float, text: str) -> None:
    assert units.format_bytes(size) == text


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "0 s"),
        (1_500, "1 s 500 ms"),
        (3_599_999, "1 h"),
        (86_400_000 + 2 * 3_600_000 + 59_000, "1 day 2 h"),
        (61_400, "1 min 1 s"),
        (-3_600_000, "-1 h"),
    ],
)
def test_durations_for_people_have_two_units(ms: int, text: str) -> None:
    assert units.format_duration(ms) == text
