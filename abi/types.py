"""The names that guest modules write types with: `u8` ... `i64`, `Text`, `Bytes`, `Array`, `Slice`, `Ref`, `PerThread`.

Three readers: the compiler knows these names itself; type checkers see aliases of `int`, `str`, `float` and two generic
classes; CPython gets checked values (`abi/cpython/`) which follow the rules of `docs/guest-python.md`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Generic, TypeAlias, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    T = TypeVar("T")
    N = TypeVar("N")
    Decorated = TypeVar("Decorated", bound=Callable[..., object])

    u8: TypeAlias = int
    u16: TypeAlias = int
    u32: TypeAlias = int
    u64: TypeAlias = int
    i8: TypeAlias = int
    i16: TypeAlias = int
    i32: TypeAlias = int
    i64: TypeAlias = int
    f64: TypeAlias = float
    Text: TypeAlias = str

    class Slice(Generic[T]):
        """A view of elements that lie elsewhere: writes go through, bounds are checked."""

        @overload
        def __getitem__(self, index: int) -> T: ...
        @overload
        def __getitem__(self, index: slice) -> Slice[T]: ...
        def __getitem__(self, index: int | slice) -> T | Slice[T]: ...
        @overload
        def __setitem__(self, index: int, value: T) -> None: ...
        @overload
        def __setitem__(self, index: slice, value: Slice[T] | Iterable[T]) -> None: ...
        def __setitem__(self, index: int | slice, value: T | Slice[T] | Iterable[T]) -> None: ...
        def __len__(self) -> int: ...
        def __iter__(self) -> Iterator[T]: ...
        def __contains__(self, item: object) -> bool: ...
        def __eq__(self, other: object) -> bool: ...

        # of bytes
        def __buffer__(self, flags: int, /) -> memoryview: ...
        def startswith(self, start: bytes | Slice[T], /) -> bool: ...
        def endswith(self, end: bytes | Slice[T], /) -> bool: ...
        def find(self, part: bytes | Slice[T], /) -> int: ...

    class Array(Slice[T], Generic[T, N]):
        """N elements in place; passes as a slice of itself. `Array()` is zeroed, `Array(values)` takes exactly N."""

        def __init__(self, values: Iterable[T] = ...) -> None: ...

    Bytes: TypeAlias = bytes | Slice[u8]
    Ref: TypeAlias = Annotated[T, "refers"]
    PerThread: TypeAlias = Annotated[T, "one for each thread"]

    def wrapping_add(a: int, b: int) -> int:
        """a + b modulo two to the width of their common type."""

    def wrapping_sub(a: int, b: int) -> int:
        """a - b modulo two to the width of their common type."""

    def wrapping_mul(a: int, b: int) -> int:
        """a * b modulo two to the width of their common type."""

    def wrapping_shl(a: int, count: int) -> int:
        """`a << count` modulo two to the width of a; 0 when count reaches that width."""

    def wrapping_neg(a: int) -> int:
        """-a modulo two to the width of a."""

    def low8(x: int) -> int:
        """The lowest 8 bits as u8."""

    def low16(x: int) -> int:
        """The lowest 16 bits as u16."""

    def low32(x: int) -> int:
        """The lowest 32 bits as u32."""

    def signed(x: int) -> int:
        """The same bits as the signed type of the same width."""

    def unsigned(x: int) -> int:
        """The same bits as the unsigned type of the same width."""

    def copy(structure: T) -> T:
        """A new structure (or array) with the same fields."""

    def assembly(function: Decorated) -> Decorated:
        """The function's body runs in the compiler and emits instructions."""

    def noinline(function: Decorated) -> Decorated:
        """Never inlined: it keeps a frame and a symbol of its own."""

    def export(name: str) -> Callable[[Decorated], Decorated]:
        """The function gets this symbol and the C calling convention."""

    def external(name: str) -> Callable[[Decorated], Decorated]:
        """The function has no body here: the linker finds this symbol."""

else:
    from atoll.abi.cpython.integers import (
        i8,
        i16,
        i32,
        i64,
        low8,
        low16,
        low32,
        signed,
        u8,
        u16,
        u32,
        u64,
        unsigned,
        wrapping_add,
        wrapping_mul,
        wrapping_neg,
        wrapping_shl,
        wrapping_sub,
    )
    from atoll.abi.cpython.markers import Bytes, PerThread, Ref, assembly, export, external, noinline
    from atoll.abi.cpython.sequences import Array, Slice
    from atoll.abi.cpython.structures import copy

    f64 = float
    Text = str

__all__ = [
    "Array", "Bytes", "PerThread", "Ref", "Slice", "Text", "assembly", "copy", "export", "external", "f64", "i8", "i16",
    "i32", "i64", "low8", "low16", "low32", "noinline", "signed", "u8", "u16", "u32", "u64", "unsigned", "wrapping_add",
    "wrapping_mul", "wrapping_neg", "wrapping_shl", "wrapping_sub",
]  # fmt: skip
