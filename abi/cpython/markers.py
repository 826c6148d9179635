"""`Bytes`, the types that only say how something is stored (`Ref`, `PerThread`), and the decorators, for CPython."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, NoReturn, TypeVar

from atoll.abi.cpython.integers import Refused
from atoll.abi.cpython.values import convert, zero

F = TypeVar("F", bound=Callable[..., Any])


class Bytes:
    """A read-only view of bytes: `bytes`, or a slice or array of u8."""

    @classmethod
    def convert_(cls, value: Any) -> Any:
        """Bytes-like values as they are."""
        if isinstance(value, bytes) or hasattr(value, "__bytes__"):
            return value
        raise Refused(f"{type(value).__name__} where Bytes is declared")

    @classmethod
    def zero_(cls) -> bytes:
        """The empty view."""
        return b""


class Marker:
    """Base of the markers with one argument."""

    cache_: ClassVar[dict[tuple[type, Any], type]] = {}
    target_: ClassVar[Any]

    def __class_getitem__(cls, target: Any) -> type:
        found = cls.cache_.get((cls, target))
        if found is None:
            found = cls.cache_[cls, target] = type(f"{cls.__name__}[{target}]", (cls,), {"target_": target})
        return found

    @classmethod
    def convert_(cls, value: Any) -> Any:
        """As the type inside."""
        return convert(cls.target_, value)


class Ref(Marker):
    """Storage that refers to a structure; zeroed storage refers to nothing, and may be copied so."""

    @classmethod
    def convert_(cls, value: Any) -> Any:
        """As the type inside."""
        return None if value is None else convert(cls.target_, value)

    @classmethod
    def zero_(cls) -> None:
        """Refers to nothing yet."""
        return


class PerThread(Marker):
    """A module variable that each thread has for itself; CPython has one thread."""

    @classmethod
    def zero_(cls) -> Any:
        """The zero of the type inside."""
        return zero(cls.target_)


def noinline(function: F) -> F:
    """No meaning in CPython."""
    return function


def export(_name: str) -> Callable[[F], F]:
    """No meaning in CPython."""
    return noinline


def assembly(function: Callable[..., Any]) -> Callable[..., NoReturn]:
    """A function of instructions: it cannot run here."""

    def only_on_riscv(*_: object, **__: object) -> NoReturn:
        raise NotImplementedError(f"{function.__name__}() is made of RISC-V instructions: CPython cannot run it")

    only_on_riscv.__name__ = function.__name__
    return only_on_riscv


def external(name: str) -> Callable[[F], Callable[..., NoReturn]]:
    """A function that the linker finds: there is no linker here."""

    def decorate(_function: F) -> Callable[..., NoReturn]:
        def defined_elsewhere(*_: object, **__: object) -> NoReturn:
            raise NotImplementedError(f"{name} is defined elsewhere in the image: CPython cannot run it")

        return defined_elsewhere

    return decorate
