"""A digest of what a Python function does: of its compiled code, and of the values that it takes from around it.

Names of files and numbers of lines are no part of it, so a function in a notebook's cell that is run again stays the
same. What a function is handed by others is: defaults, values of a closure, globals that it names, functions and
classes of its own module that it calls; of other modules their names. What it reads while it runs (files, clocks, the
network) is not seen. Another version of Python can compile the same text to other code, and then the digest is another.
"""

from __future__ import annotations

import dis
import functools
import pickle
import types
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any, Final

import numpy as np

_PLAIN: Final = (type(None), bool, int, float, complex, str, bytes)
_NO_CYCLE: Final = (tuple, frozenset, types.CodeType)
"""What leads back to itself only through something else; whether two equal ones are the same object says nothing."""
_MADE_WITH_A_CLASS: Final = (types.GetSetDescriptorType, types.MemberDescriptorType)


def digest_of(function: Callable[..., Any]) -> str:
    """Return the SHA-256, in hex, of what a function does.

    Raises
    ------
    TypeError
        It holds a value that cannot be told from another one, such as an open file.
    """
    found = sha256()
    for part in _Reader(function).parts():
        found.update(len(part).to_bytes(8, "little"))
        found.update(part)
    return found.hexdigest()


class _Reader:
    """Walks through a function and what it holds."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._root = function
        plain: Any = function
        while isinstance(plain, functools.partial):
            plain = plain.func
        self._home = getattr(plain, "__module__", None) or getattr(type(plain), "__module__", None)
        self._seen: dict[int, int] = {}
        self._kept: list[Any] = []  # so that no id is given twice

    def parts(self) -> Iterator[bytes]:
        yield from self._value(self._root)

    def _value(self, value: Any) -> Iterator[bytes]:
        if isinstance(value, _PLAIN) and type(value) in _PLAIN:
            yield f"{type(value).__name__} {value!r}".encode()
            return
        if not isinstance(value, _NO_CYCLE):
            if id(value) in self._seen:
                yield f"again {self._seen[id(value)]}".encode()
                return
            self._seen[id(value)] = len(self._seen)
            self._kept.append(value)
        match value:
            case types.CodeType():
                yield from self._code(value)
            case types.FunctionType():
                yield from self._function(value)
            case types.MethodType():
                yield b"method"
                yield from self._all(value.__self__, value.__func__)
            case functools.partial():
                yield b"partial"
                yield from self._all(value.func, value.args, value.keywords)
            case types.ModuleType():
                yield f"module {value.__name__}".encode()
            case types.BuiltinFunctionType() if isinstance(value.__self__, types.ModuleType | type(None)):
                yield f"builtin {value.__module__} {value.__qualname__}".encode()
            case type():
                yield from self._class(value)
            case list() | tuple() if type(value) in (list, tuple):
                yield f"{type(value).__name__} {len(value)}".encode()
                yield from self._all(*value)
            case dict() if type(value) is dict:
                yield f"dict {len(value)}".encode()
                yield from self._all(*(part for item in value.items() for part in item))
            case set() | frozenset() if type(value) in (set, frozenset):
                # Their order differs from run to run.
                yield f"set {len(value)}".encode()
                yield from sorted(b"\0".join(_Reader(each).parts()) for each in value)
            case np.ndarray() if type(value) is np.ndarray and value.dtype.hasobject is False:
                yield f"array {value.dtype.str} {value.shape}".encode()
                yield np.ascontiguousarray(value).tobytes()
            case _ if hasattr(value, "__wrapped__") and callable(value):  # such as with lru_cache
                yield f"wrapped {type(value).__qualname__}".encode()
                yield from self._value(value.__wrapped__)
            case _:
                yield from self._other(value)

    def _all(self, *values: Any) -> Iterator[bytes]:
        for value in values:
            yield from self._value(value)

    def _function(self, function: types.FunctionType) -> Iterator[bytes]:
        if function.__module__ != self._home:
            yield f"function {function.__module__} {function.__qualname__}".encode()
            return
        yield b"function"
        yield from self._code(function.__code__)
        yield from self._all(function.__defaults__, function.__kwdefaults__)
        for cell in function.__closure__ or ():
            try:
                yield from self._value(cell.cell_contents)
            except ValueError:  # not filled yet
                yield b"empty"
        for name in sorted(set(_globals_of(function.__code__))):
            if name in function.__globals__:
                yield f"global {name}".encode()
                yield from self._value(function.__globals__[name])

    def _code(self, code: types.CodeType) -> Iterator[bytes]:
        yield b"code"
        yield code.co_code
        yield getattr(code, "co_exceptiontable", b"")
        counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
        yield repr((counts, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)).encode()
        yield from self._all(*code.co_consts)

    def _class(self, found: type) -> Iterator[bytes]:
        yield f"class {found.__module__} {found.__qualname__}".encode()
        if found.__module__ != self._home:
            return
        yield from self._all(*found.__bases__)
        for name, value in sorted(vars(found).items()):
            plain = getattr(value, "fget", None) or getattr(value, "__func__", value)
            # Of what Python writes into a class itself (__module__, __doc__, ...) only methods do anything.
            own = isinstance(plain, types.FunctionType) or not (name.startswith("__") or name == "_abc_impl")
            if own and not isinstance(value, _MADE_WITH_A_CLASS):
                yield f"attribute {name}".encode()
                yield from self._value(plain)

    def _other(self, value: Any) -> Iterator[bytes]:
        kind = type(value)
        if kind.__module__ == self._home:
            yield b"instance"
            yield from self._value(kind)
            if hasattr(value, "__dict__"):
                yield from self._value(vars(value))
                return
        try:
            yield b"pickle " + pickle.dumps(value, protocol=4)
        except Exception as error:
            raise TypeError(f"it holds a {kind.__qualname__}, which cannot be told from another one") from error


def _globals_of(code: types.CodeType) -> Iterator[str]:
    """Names that code takes from its module, functions within it included."""
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield instruction.argval
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _globals_of(constant)
