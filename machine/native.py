"""The hooks as functions with C addresses: compiled once for each process, or interpreted from the same source."""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from atoll.abi.types import u64
from atoll.machine import hooks
from atoll.machine.config import Hooks

ARGUMENTS = {
    "on_block": 4, "on_compressed_block": 4, "on_interrupt": 3, "on_invalid": 2, "on_translation": 4,
    "on_code_range": 2, "enter_exception": 3, "time_base": 1,
}  # fmt: skip
EXPORTS = tuple(ARGUMENTS)


@dataclass(frozen=True)
class HookFunctions:
    """Addresses of the exported functions of hooks.py, and what keeps them alive."""

    addresses: dict[str, int]
    keep: tuple[object, ...] = ()

    def function(self, name: str) -> Callable[..., int]:
        """The same as a function for Python."""
        prototype = ctypes.CFUNCTYPE(ctypes.c_uint64, *[ctypes.c_uint64] * ARGUMENTS[name])
        made: Callable[..., int] = prototype(self.addresses[name])
        return made


@lru_cache
def load_hooks(kind: Hooks) -> HookFunctions:
    """The hooks, "native" or "interpreted"."""
    return _compiled() if kind == "native" else _interpreted()


def _compiled() -> HookFunctions:
    from atoll.compiler.cache import Cache
    from atoll.compiler.host import compile_host  # the compiler is heavy: only when it is needed

    return HookFunctions(compile_host(Path(hooks.__file__), EXPORTS, Cache()))


def _interpreted() -> HookFunctions:
    addresses: dict[str, int] = {}
    keep: list[object] = []
    for name in EXPORTS:
        prototype = ctypes.CFUNCTYPE(ctypes.c_uint64, *[ctypes.c_uint64] * ARGUMENTS[name])
        callback = prototype(_with_widths(getattr(hooks, name)))
        keep.append(callback)
        addresses[name] = ctypes.cast(callback, ctypes.c_void_p).value or 0
    return HookFunctions(addresses, tuple(keep))


def _with_widths(function: Callable[..., int]) -> Callable[..., int]:
    """What comes from C is a plain number: give it the width that the annotations say."""

    def call(*arguments: int) -> int:
        return function(*(u64(argument) for argument in arguments))

    return call
