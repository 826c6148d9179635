"""What the kernel's tests share: guest modules as CPython runs them, and what they print."""

import importlib
from collections.abc import Callable
from types import ModuleType

from atoll.compiler.cpython import guest_modules, runtime


def guest(name: str) -> ModuleType:
    """A fresh guest module, `runtime.text` for `userland/runtime/text.py`."""
    with guest_modules():
        return importlib.import_module(f"atoll.{name}")


def printed(function: Callable[[], object]) -> str:
    """What guest code prints when CPython runs it."""
    sink = bytearray()
    runtime.printed.append(sink)
    try:
        function()
    finally:
        runtime.printed.pop()
    return sink.decode(errors="replace")
