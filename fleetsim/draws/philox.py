"""Random words that are looked up, not generated in order: Philox4x32-10 with named streams.

A stream is all words of one (key, SIM, step, replication). The key is a hash of names (`stream_key`), the
counter is (block, step, SIM's number in its group, replication), 32 bits each. So any word can be had late,
twice or never, and nobody's words depend on who else draws.

Word layout. A tile is 64 words made of 16 blocks: word j of a stream lies in tile t = j // 64, and is word
(j // 16) % 4 of block 16 t + j % 16, so that a compiled engine can fill a tile lane by lane. 64-bit value i
lies in tile t = i // 32: its high half is word i % 32 of the tile, its low half word 32 + i % 32.

The generator, its constants and its test vectors: J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw,
"Parallel random numbers: as easy as 1, 2, 3", SC11 (2011), and the Random123 library.
"""

from __future__ import annotations

from enum import IntEnum
from hashlib import blake2b
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

Words = NDArray[np.uint32]
Words64 = NDArray[np.uint64]
IntArray = NDArray[np.int64]

TILE_WORDS: Final = 64
TILE_VALUES: Final = 32
_LANES: Final = 16
_TILES_A_CHUNK: Final = 1024  # 128 KiB an array: the rounds stay in the second-level cache
_LOW: Final = np.uint64(0xFFFFFFFF)
_HALF: Final = np.uint64(32)
_M0: Final = np.uint64(0xD2511F53)
_M1: Final = np.uint64(0xCD9E8D57)
_WEYL0: Final = 0x9E3779B9
_WEYL1: Final = 0xBB67AE85


class Purpose(IntEnum):
    """What a stream is for. The numbers are part of what is drawn: append, never renumber."""

    COUNT = 1
    TIME = 2
    UPLOAD = 3
    DOWNLOAD = 4
    PHASE = 5
    JITTER = 6
    ACTIVATION = 7
    RECORD_PHASE = 8
    LIMIT_DELAY = 9
    UPLOAD_RESIDUAL = 10
    DOWNLOAD_RESIDUAL = 11
    RATE_FACTOR = 12
    RATE_FACTOR_RESIDUAL = 13
    STATE = 14
    SOJOURN = 15
    SOJOURN_RESIDUAL = 16
    MONTHLY_USE = 17
    MONTHLY_USE_RESIDUAL = 18
    TIME_RESIDUAL = 19
    OWN_TIMES = 20
    OWN_UPLOAD = 21
    OWN_DOWNLOAD = 22


def stream_key(seed: int, fleet: str, group: str, item: str, purpose: Purpose) -> int:
    """64-bit key of a stream: BLAKE2b of the names, each with its length before it.

    Parameters
    ----------
    seed
        The scenario's seed, any integer.
    fleet, group
        Names of the fleet and of the device group in it.
    item
        Name of the traffic item; ``""`` for what belongs to none.
    purpose
        What the stream is for.
    """
    digest = blake2b(digest_size=8)
    for part in (str(seed), fleet, group, item, str(int(purpose))):
        data = part.encode()
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return int.from_bytes(digest.digest(), "little")


def philox(counter: NDArray[np.uint64], key: int) -> NDArray[np.uint64]:
    """Ten rounds of Philox4x32 in place.

    Parameters
    ----------
    counter
        Shape (4, ...), values below 2^32; overwritten.
    key
        64 bits; the low half is the first key word.

    Returns
    -------
    The same array, now the four output words of each counter.
    """
    c0, c1, c2, c3 = counter
    p0, p1 = np.empty_like(c0), np.empty_like(c0)
    k0, k1 = key & 0xFFFFFFFF, key >> 32
    for _ in range(10):
        # Upper halves of c1 and c3 are left dirty on the way: only what is multiplied has to be clean.
        np.bitwise_and(c0, _LOW, out=p0)
        np.multiply(p0, _M0, out=p0)
        np.bitwise_and(c2, _LOW, out=p1)
        np.multiply(p1, _M1, out=p1)
        np.right_shift(p1, _HALF, out=c0)
        np.bitwise_xor(c0, c1, out=c0)
        np.bitwise_xor(c0, np.uint64(k0), out=c0)
        np.right_shift(p0, _HALF, out=c2)
        np.bitwise_xor(c2, c3, out=c2)
        np.bitwise_xor(c2, np.uint64(k1), out=c2)
        c1, p1 = p1, c1
        c3, p0 = p0, c3
        k0, k1 = (k0 + _WEYL0) & 0xFFFFFFFF, (k1 + _WEYL1) & 0xFFFFFFFF
    np.bitwise_and(counter, _LOW, out=counter)  # after an even number of swaps all four are back in it
    return counter


def words(
    key: int, sim: ArrayLike, step: ArrayLike, replication: ArrayLike, count: ArrayLike, first: ArrayLike = 0
) -> Words:
    """Words ``first[i]`` to ``first[i] + count[i] - 1`` of stream i, one stream after the other.

    Parameters
    ----------
    key
        From `stream_key`.
    sim, step, replication, count, first
        Integers that broadcast to one shape (n,), one entry a stream.

    Returns
    -------
    Shape (sum(count),).

    Raises
    ------
    ValueError
        If a number is negative, or too large for its 32 bits of the counter.
    """
    streams = _streams(sim, step, replication, count, first)
    if (streams[3] == 1).all():  # a factor of each SIM, and the like: a whole tile would be made for each
        return _word_at(key, streams)
    return _ragged(key, streams, TILE_WORDS)


def words64(
    key: int, sim: ArrayLike, step: ArrayLike, replication: ArrayLike, count: ArrayLike, first: ArrayLike = 0
) -> Words64:
    """Like `words`, for the 64-bit values of the streams."""
    flat = _ragged(key, _streams(sim, step, replication, count, first), TILE_VALUES)
    return flat.astype(np.uint64, copy=False)


def word64_at(key: int, sim: ArrayLike, step: ArrayLike, replication: ArrayLike, index: ArrayLike) -> Words64:
    """64-bit value number ``index[i]`` of stream i, shape (n,): for scattered values, at one block each."""
    streams = _streams(sim, step, replication, 1, index)
    at = streams[4]
    w0, w1, w2, w3 = _blocks(key, streams, at // TILE_VALUES, at)
    upper = at % TILE_VALUES >= _LANES
    values: Words64 = (np.where(upper, w1, w0) << _HALF) | np.where(upper, w3, w2)
    return values


def _word_at(key: int, streams: _Streams) -> Words:
    """Word number ``first[i]`` of stream i."""
    at = streams[4]
    found = _blocks(key, streams, at // TILE_WORDS, at)
    own: Words = found[at % TILE_WORDS // _LANES, np.arange(at.size)].astype(np.uint32)
    return own


def _blocks(key: int, streams: _Streams, tile: IntArray, at: IntArray) -> NDArray[np.uint64]:
    """The four words of one block of each stream: of the tile, that in which number `at` lies."""
    sims, steps, replications, _, _ = streams
    counter = np.empty((4, at.size), dtype=np.uint64)
    counter[0] = tile * _LANES + at % _LANES
    counter[1], counter[2], counter[3] = steps, sims, replications
    return philox(counter, key)


def uniform_below(u64: ArrayLike, n: ArrayLike) -> IntArray:
    """floor(u64 * n / 2^64), exactly, for 1 <= n < 2^53: a whole number from 0 to n - 1."""
    u = np.asarray(u64, dtype=np.uint64)
    m = np.asarray(n, dtype=np.uint64)
    high, low = u >> _HALF, u & _LOW
    n_high, n_low = m >> _HALF, m & _LOW
    middle = high * n_low + ((low * n_low) >> _HALF)
    carry = (low * n_high + (middle & _LOW)) >> _HALF
    below: IntArray = (high * n_high + (middle >> _HALF) + carry).astype(np.int64)
    return below


_Streams = tuple[IntArray, IntArray, IntArray, IntArray, IntArray]


def _streams(sim: ArrayLike, step: ArrayLike, replication: ArrayLike, count: ArrayLike, first: ArrayLike) -> _Streams:
    given = [np.asarray(a).astype(np.int64) for a in (sim, step, replication, count, first)]
    sims, steps, replications, counts, firsts = (np.atleast_1d(a) for a in np.broadcast_arrays(*given))
    for name, values in (("sim", sims), ("step", steps), ("replication", replications)):
        if values.size and (values.min() < 0 or values.max() >= 2**32):
            raise ValueError(f"{name} must be from 0 to 2^32 - 1")
    if counts.size and (counts.min() < 0 or firsts.min() < 0 or (firsts + counts).max() > 2**33):
        raise ValueError("words of a stream are numbered from 0 to 2^33 - 1")
    return sims, steps, replications, counts, firsts


def _ragged(key: int, streams: _Streams, width: int) -> NDArray[np.unsignedinteger]:
    """Numbers of each stream, where a tile holds `width` of them: 64 words, or 32 values of two words."""
    sims, steps, replications, counts, firsts = streams
    tile_first = firsts // width
    tiles = np.where(counts > 0, (firsts + counts - 1) // width - tile_first + 1, 0)
    total = int(counts.sum())
    out: NDArray[np.unsignedinteger] = np.empty(total, np.uint32 if width == TILE_WORDS else np.uint64)
    tile_end, out_end = np.cumsum(tiles), np.cumsum(counts)
    # Chunks of whole tiles; a stream may be cut by a chunk's end, its words are put where they belong.
    all_tiles = int(tile_end[-1]) if tiles.size else 0
    for start in range(0, all_tiles, _TILES_A_CHUNK):
        stop = min(start + _TILES_A_CHUNK, all_tiles)
        a = int(np.searchsorted(tile_end, start, side="right"))
        b = int(np.searchsorted(tile_end, stop, side="left")) + 1
        tile_start = tile_end[a:b] - tiles[a:b]
        used = np.minimum(tile_end[a:b], stop) - np.maximum(tile_start, start)
        owner = np.repeat(np.arange(a, b), used)
        tile = np.arange(start, stop) - np.repeat(tile_start, used) + tile_first[owner]
        values = _tiles(key, sims[owner], steps[owner], replications[owner], tile)
        if width == TILE_VALUES:
            halves = values.reshape(-1, 2, TILE_VALUES)
            numbers = ((halves[:, 0] << _HALF) | halves[:, 1]).reshape(-1)
        else:
            numbers = values.reshape(-1)
        # Where each stream's part of this chunk lies among the chunk's numbers, and in the output.
        skip = tile_first[a:b] * width - tile_start * width  # number in the stream - number among all tiles
        low = np.maximum(firsts[a:b], np.maximum(tile_start, start) * width + skip)
        high = np.minimum(firsts[a:b] + counts[a:b], np.minimum(tile_end[a:b], stop) * width + skip)
        part = np.maximum(high - low, 0)
        begin = np.cumsum(part) - part
        target = int(out_end[a] - counts[a] + low[0] - firsts[a])
        size = int(part.sum())
        source = np.arange(size) + np.repeat(low - skip - start * width - begin, part)
        out[target : target + size] = numbers[source]
    return out


def _tiles(key: int, sims: IntArray, steps: IntArray, replications: IntArray, tile: IntArray) -> NDArray[np.uint64]:
    """Tiles of the given streams, shape (n, 64), 32 bits each."""
    counter = np.empty((4, tile.size, _LANES), dtype=np.uint64)
    counter[0] = tile[:, None] * _LANES + np.arange(_LANES)
    counter[1], counter[2], counter[3] = steps[:, None], sims[:, None], replications[:, None]
    return np.ascontiguousarray(philox(counter, key).transpose(1, 0, 2)).reshape(-1, TILE_WORDS)
