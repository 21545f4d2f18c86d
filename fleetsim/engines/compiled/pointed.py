"""Arrays by their addresses, so that a record can lead to everything that a life needs.

An array is a handful of numbers, and numba hands them on one by one, and counts who holds the array by atomic
operations: in functions as small as the engine's that costs more than what they do. A record is one pointer. It holds
the addresses of arrays that the caller keeps alive, and a kernel makes an array of one where it is used.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit
from numba.core import types
from numba.extending import intrinsic
from numba.np.numpy_support import from_dtype
from numpy.typing import DTypeLike, NDArray

from fleetsim.engines.compiled.settings import OPTIONS


def _array_of(dtype: DTypeLike) -> Any:
    kind = types.Array(from_dtype(np.dtype(dtype)), 1, "C")

    @intrinsic
    def array_at(context, address, size):  # type: ignore[no-untyped-def]
        def codegen(target: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
            at, n = arguments
            array = target.make_array(kind)(target, builder)
            itemsize = target.get_constant(types.intp, target.get_abi_sizeof(target.get_data_type(kind.dtype)))
            array.data = builder.inttoptr(at, array.data.type)
            array.shape = builder.insert_value(ir.Constant(array.shape.type, ir.Undefined), n, 0)
            array.strides = builder.insert_value(ir.Constant(array.strides.type, ir.Undefined), itemsize, 0)
            array.itemsize = itemsize
            array.nitems = n
            array.meminfo = ir.Constant(array.meminfo.type, None)
            array.parent = ir.Constant(array.parent.type, None)
            return array._getvalue()

        return kind(types.int64, types.int64), codegen

    return array_at


numbers_at = _array_of(np.int64)
floats_at = _array_of(np.float64)
words_at = _array_of(np.uint32)
longs_at = _array_of(np.uint64)
ints_at = _array_of(np.int32)


@njit(**OPTIONS)
def fill_with(numbers: NDArray[Any], value: int) -> None:
    """Set all numbers of an array to one value."""
    for i in range(numbers.size):
        numbers[i] = value


@njit(**OPTIONS)
def copy_to(numbers: NDArray[Any], others: NDArray[Any]) -> None:
    """Set an array's numbers to those of another one as long; what numba has for it compiles for seconds."""
    for i in range(numbers.size):
        numbers[i] = others[i]


def records_at(dtype: np.dtype[np.void]) -> Any:
    """Return what makes an array of such records of an address."""
    return _array_of(dtype)


def address(array: NDArray[Any]) -> int:
    """Where an array's numbers lie; it has to outlive the address."""
    assert array.flags.c_contiguous
    return int(array.ctypes.data)
