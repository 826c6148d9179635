"""Functions of userland/runtime, compiled for this process: what the guest computes, as quickly."""

import ctypes
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType


@cache
def compiled(module: ModuleType, name: str, arguments: tuple[type, ...]) -> Callable[..., int]:
    """The function that a guest module exports under that name, of these C types, whose result is a u64."""
    from atoll.compiler.cache import Cache
    from atoll.compiler.host import compile_host  # the compiler is heavy: only when it is needed

    assert module.__file__ is not None
    addresses = compile_host(Path(module.__file__), (name,), Cache())
    return ctypes.CFUNCTYPE(ctypes.c_uint64, *arguments)(addresses[name])
