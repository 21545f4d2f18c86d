"""Philox words: the published vectors, the layout, and that every part can be drawn by itself."""

from __future__ import annotations

import numpy as np
import pytest

from fleetsim.draws.philox import Purpose, philox, stream_key, uniform_below, word64_at, words, words64

KEY = 0x0123456789ABCDEF


# Random123's kat_vectors for philox4x32 with 10 rounds: counter, key words, output.
@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
    ],
)
def test_philox_gives_the_published_words(counter: str, key: str, expected: str) -> None:
    k0, k1 = (int(h, 16) for h in key.split())
    c = np.array([[int(h, 16)] for h in counter.split()], np.uint64)
    assert [f"{int(w):08x}" for w in philox(c, k0 | k1 << 32)[:, 0]] == expected.split()


def plain_word(key: int, sim: int, step: int, replication: int, j: int) -> int:
    """Word j by the definition, in Python integers."""
    block, w = 16 * (j // 64) + j % 16, j // 16 % 4
    c = [block, step, sim, replication]
    k0, k1 = key & 0xFFFFFFFF, key >> 32
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k0, p1 & 0xFFFFFFFF, (p0 >> 32) ^ c[3] ^ k1, p0 & 0xFFFFFFFF]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c[w]


def test_words_follow_the_documented_layout() -> None:
    drawn = words(KEY, 7, 3, 2, 130)
    assert drawn.dtype == np.uint32
    assert drawn.tolist() == [plain_word(KEY, 7, 3, 2, j) for j in range(130)]
    assert words(KEY, 7, 3, 2, 1, np.arange(130)).tolist() == drawn.tolist()  # each by itself, and its block alone made


def test_a_64_bit_value_takes_its_halves_from_the_two_halves_of_its_tile() -> None:
    expected = []
    for i in range(70):
        high = 64 * (i // 32) + i % 32
        expected.append(plain_word(KEY, 7, 3, 2, high) << 32 | plain_word(KEY, 7, 3, 2, high + 32))
    assert words64(KEY, 7, 3, 2, 70).tolist() == expected
    assert word64_at(KEY, 7, 3, 2, np.arange(70)).tolist() == expected


@pytest.mark.parametrize("draw", [words, words64])
def test_every_part_of_a_stream_can_be_drawn_by_itself(draw) -> None:
    sim, step, count = np.array([5, 0, 9, 9]), np.array([0, 1, 0, 2]), np.array([200, 0, 3, 131])
    whole = draw(KEY, sim, step, 4, count)
    rng = np.random.default_rng(1)
    for _ in range(20):
        cut = rng.integers(0, count + 1)
        head, tail = draw(KEY, sim, step, 4, cut), draw(KEY, sim, step, 4, count - cut, cut)
        put = []
        for i in range(4):
            a, b = int(cut[:i].sum()), int((count - cut)[:i].sum())
            put += [head[a : a + cut[i]], tail[b : b + (count - cut)[i]]]
        assert np.array_equal(np.concatenate(put), whole)


@pytest.mark.parametrize("draw", [words, words64])
def test_a_draw_of_many_chunks_is_the_draws_of_its_streams(draw) -> None:
    rng = np.random.default_rng(2)
    sim, count = rng.integers(0, 2**32, 300), rng.integers(0, 900, 300)
    count[[0, 10, 11, 299]] = 0, 0, 70_001, 0  # longer than a chunk of 1024 tiles
    first = rng.integers(0, 200, 300)
    alone = [draw(KEY, s, 1, 0, c, f) for s, c, f in zip(sim, count, first, strict=True)]
    assert np.array_equal(draw(KEY, sim, 1, 0, count, first), np.concatenate(alone))


def test_one_sims_words_do_not_depend_on_which_others_are_drawn() -> None:
    together = words(KEY, np.arange(100), 0, 0, 40).reshape(100, 40)
    assert np.array_equal(words(KEY, [93, 4], 0, 0, 40), together[[93, 4]].reshape(-1))


def test_every_part_of_the_name_of_a_stream_changes_its_words() -> None:
    base = words(KEY, 1, 1, 1, 8)
    for other in (words(KEY + 1, 1, 1, 1, 8), words(KEY ^ 1 << 63, 1, 1, 1, 8), words(KEY, 2, 1, 1, 8),
                  words(KEY, 1, 2, 1, 8), words(KEY, 1, 1, 2, 8), words(KEY, 1, 1, 1, 8, 8)):  # fmt: skip
        assert not np.intersect1d(base, other).size


def test_nothing_asked_is_nothing_drawn() -> None:
    assert words(KEY, np.arange(3), 0, 0, 0).shape == (0,)
    assert words64(KEY, np.zeros(0, np.int64), 0, 0, 5).shape == (0,)


@pytest.mark.parametrize("bad", [(-1, 0, 0, 1), (0, 2**32, 0, 1), (0, 0, -1, 1), (0, 0, 0, -1), (0, 0, 0, 2**33 + 1)])
def test_numbers_that_do_not_fit_the_counter_are_refused(bad: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="from 0 to"):
        words(KEY, *bad)


def test_purposes_keep_their_numbers_for_ever() -> None:
    assert {p.name: p.value for p in Purpose} == {
        "COUNT": 1, "TIME": 2, "UPLOAD": 3, "DOWNLOAD": 4, "PHASE": 5, "JITTER": 6, "ACTIVATION": 7,
        "RECORD_PHASE": 8, "LIMIT_DELAY": 9, "UPLOAD_RESIDUAL": 10, "DOWNLOAD_RESIDUAL": 11,
        "RATE_FACTOR": 12, "RATE_FACTOR_RESIDUAL": 13, "STATE": 14, "SOJOURN": 15, "SOJOURN_RESIDUAL": 16,
        "MONTHLY_USE": 17, "MONTHLY_USE_RESIDUAL": 18, "TIME_RESIDUAL": 19,
        "OWN_TIMES": 20, "OWN_UPLOAD": 21, "OWN_DOWNLOAD": 22,
    }  # fmt: skip


def test_keys_keep_their_values_for_ever() -> None:
    assert stream_key(20260101, "meters", "meter", "readings", Purpose.UPLOAD) == 0x2BCC6C4979E79B14
    assert stream_key(0, "", "", "", Purpose.COUNT) == 0xE5143DA25BB3603C


def test_names_that_run_together_alike_have_different_keys() -> None:
    parts = [("a", "bc", ""), ("ab", "c", ""), ("abc", "", ""), ("", "abc", ""), ("a", "b", "c"), ("", "", "abc")]
    keys = {stream_key(seed, *p, purpose) for p in parts for seed in (1, 11, -1) for purpose in Purpose}
    assert len(keys) == len(parts) * 3 * len(Purpose)


def test_uniform_below_is_exact_in_whole_numbers() -> None:
    rng = np.random.default_rng(3)
    u = np.concatenate([rng.integers(0, 2**64, 2000, dtype=np.uint64), np.array([0, 1, 2**64 - 1], np.uint64)])
    for n in (1, 2, 3, 86_400_000, 2**32 - 1, 2**32, 2**32 + 1, 2**53 - 1):
        assert uniform_below(u, n).tolist() == [int(x) * n >> 64 for x in u]
    many = rng.integers(1, 2**53, u.size)
    assert uniform_below(u, many).tolist() == [int(x) * int(n) >> 64 for x, n in zip(u, many, strict=True)]
