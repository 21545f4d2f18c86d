"""How kernels become one piece of machine code.

numba makes machine code of every function by itself, and links each with all that it calls, which is optimised once
more at every level of calls. Here only `lives` is called from Python. So the others stay as they were lowered; `lives`
is linked with all of them, and the whole is optimised and made into machine code once.
"""

from __future__ import annotations

from typing import Any

from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler


class _Part(JITCodeLibrary):
    """Code of a function that is only called from other kernels."""

    def finalize(self) -> None:
        """Leave it as it is: the whole is optimised."""
        self._raise_if_finalized()
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        """There is no machine code that could be pointed to."""
        return 0

    @property
    def codegen(self) -> _Part:
        """Who is asked to set the environment of the machine code."""
        return self

    def set_env(self, name: str, environment: object) -> None:
        """Set none: kernels raise nothing and know no object of Python, so they have no use for it."""


class _Whole(JITCodeLibrary):
    """Code of the function that Python calls, with all that it calls."""

    def add_linking_library(self, library: Any) -> None:
        """Take a library together with those that it would have been linked with."""
        super().add_linking_library(library)
        if isinstance(library, _Part):
            for other in library._linking_libraries:
                if other not in self._linking_libraries:
                    self.add_linking_library(other)


class _KernelCompiler(Compiler):
    library: type[JITCodeLibrary]

    def define_pipelines(self) -> Any:
        """Compile as usual, into a library of this kind."""
        self.state.library = self.library(self.state.targetctx.codegen(), self.state.func_id.func_qualname)
        self.state.library.enable_object_caching()
        return super().define_pipelines()


class PartCompiler(_KernelCompiler):
    """Compiles functions that only kernels call."""

    library = _Part


class WholeCompiler(_KernelCompiler):
    """Compiles the one function that Python calls."""

    library = _Whole
