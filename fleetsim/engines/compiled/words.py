"""Random words, word for word those of `fleetsim.draws.philox`: Philox4x32-10 with named streams."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit
from numba.core import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from fleetsim.engines.compiled.settings import OPTIONS

U = np.uint64
M0, M1, WEYL0, WEYL1 = U(0xD2511F53), U(0xCD9E8D57), U(0x9E3779B9), U(0xBB67AE85)
LOW, HALF = U(0xFFFFFFFF), U(32)


@njit(inline="always", **OPTIONS)
def philox(c0, c1, c2, c3, k0, k1):  # type: ignore[no-untyped-def]
    """Ten rounds of Philox4x32: the four output words of a counter, as uint64 below 2^32."""
    for _ in range(10):
        p0 = M0 * (c0 & LOW)
        p1 = M1 * (c2 & LOW)
        c0, c1, c2, c3 = (p1 >> HALF) ^ c1 ^ k0, p1, (p0 >> HALF) ^ c3 ^ k1, p0
        k0 = (k0 + WEYL0) & LOW
        k1 = (k1 + WEYL1) & LOW
    return c0 & LOW, c1 & LOW, c2 & LOW, c3 & LOW


@njit(**OPTIONS)
def fill(out: NDArray, key: int, sim: int, step: int, replication: int, tile: int) -> None:
    """Write the 64 words of a tile."""
    k0, k1 = U(key) & LOW, U(key) >> HALF
    first = U(tile) * U(16)
    for lane in range(16):
        w0, w1, w2, w3 = philox(first + U(lane), U(step), U(sim), U(replication), k0, k1)
        out[lane] = w0
        out[16 + lane] = w1
        out[32 + lane] = w2
        out[48 + lane] = w3


@njit(**OPTIONS)
def value_at(key: int, sim: int, step: int, replication: int, index: int) -> int:
    """64-bit value number `index` of a stream, as uint64."""
    tile, within = index // 32, index % 32
    k0, k1 = U(key) & LOW, U(key) >> HALF
    block = U(tile) * U(16) + U(within % 16)
    w0, w1, w2, w3 = philox(block, U(step), U(sim), U(replication), k0, k1)
    if within >= 16:
        return (w1 << HALF) | w3
    return (w0 << HALF) | w2


@njit(inline="always", **OPTIONS)
def below(high, low, n):  # type: ignore[no-untyped-def]
    """floor(value * n / 2^64) of the 64-bit value with these halves, all uint64; n below 2^53."""
    n_high, n_low = n >> HALF, n & LOW
    middle = high * n_low + ((low * n_low) >> HALF)
    carry = (low * n_high + (middle & LOW)) >> HALF
    return high * n_high + (middle >> HALF) + carry


@njit(**OPTIONS)
def uniform_at(key: int, sim: int, step: int, replication: int, index: int, n: int) -> int:
    """Whole number from 0 to n - 1 by value number `index` of a stream."""
    value = value_at(key, sim, step, replication, index)
    found: int = np.int64(below(value >> HALF, value & LOW, U(n)))  # type: ignore[assignment]
    return found


@intrinsic
def _trailing_zeros(context, value):  # type: ignore[no-untyped-def]
    """Number of the lowest binary digit that is set, of a uint64 that is not 0."""

    def codegen(target: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.uint64), codegen


trailing_zeros: Any = _trailing_zeros
