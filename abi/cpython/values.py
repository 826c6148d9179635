"""What an annotation means to a value in CPython: convert it, make the zero of it, store it in place.

An annotation is any object that a guest module can write after a colon. Classes whose values live in place (arrays,
structures) join in by `in_place_`, `convert_`, `zero_` and `assign_`; names that end in an underscore cannot meet
those of guest code.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from enum import Enum
from functools import lru_cache
from typing import Any

from atoll.abi.cpython.integers import Fixed, Refused, constant, i64

Converter = Callable[[Any], Any]


def is_in_place(kind: Any) -> bool:
    """Whether storage of this type *is* the object, so that assigning to it copies."""
    return getattr(kind, "in_place_", False) is True


def optional(kind: Any) -> Any:
    """T of `T | None`; None if the type is something else."""
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union:
        rest = [part for part in typing.get_args(kind) if part is not type(None)]
        return rest[0] if len(rest) == 1 else None
    return None


def convert(kind: Any, value: Any) -> Any:
    """The value as an annotated point of this type takes it; `OverflowError` if an integer does not fit."""
    return converter(kind)(value)


@lru_cache(maxsize=4096)
def converter(kind: Any) -> Converter:
    """The function that brings a value to a type."""
    if isinstance(kind, type) and not isinstance(kind, types.GenericAlias):
        return of_class(kind)
    if isinstance(kind, typing.TypeVar):
        return settle
    inner = optional(kind)
    if inner is not None:
        of_inner = converter(inner)
        return lambda value: None if value is None else of_inner(value)
    if typing.get_origin(kind) is tuple:
        return of_tuple(typing.get_args(kind))
    return unchanged


def of_class(kind: type) -> Converter:
    """The converter to a class."""
    own: Converter | None = getattr(kind, "convert_", None)
    if own is not None:
        return own
    if issubclass(kind, Fixed):
        return lambda value: integer(kind, value)
    if kind is int:
        return lambda value: integer(i64, value)
    if kind is float:
        return lambda value: float(value) if type(value) is int else instance(float, value)
    if kind in (bool, str) or issubclass(kind, Enum):
        return lambda value: instance(kind, value)
    return unchanged


def of_tuple(kinds: tuple[Any, ...]) -> Converter:
    """The converter to a tuple type."""
    parts = [converter(kind) for kind in kinds]
    return lambda value: tuple(part(item) for part, item in zip(parts, value, strict=True))


def unchanged(value: Any) -> Any:
    """The value as it is."""
    return value


def integer(kind: type[Fixed], value: Any) -> Fixed:
    """An integer at an annotated point; floats need a conversion that is written."""
    if isinstance(value, int):
        return kind(value)
    raise Refused(f"{type(value).__name__} where {kind.__name__} is declared")


def instance(kind: type, value: Any) -> Any:
    """The value, which must be of that class already."""
    if not isinstance(value, kind):
        raise Refused(f"{type(value).__name__} where {kind.__name__} is declared")
    return value


def settle(value: Any) -> Any:
    """What an unannotated local variable becomes: constants get their width, everything else has its type."""
    if type(value) is int:
        return constant(value)
    if type(value) is tuple:
        return tuple(settle(item) for item in value)
    return value


def like(value: Any, previous: Any) -> Any:
    """A later value of an unannotated local variable, brought to the type that its first assignment gave it."""
    if isinstance(previous, Fixed) and isinstance(value, int):
        return type(previous)(value)
    if type(previous) is tuple and type(value) is tuple and len(previous) == len(value):
        return tuple(like(item, old) for item, old in zip(value, previous, strict=True))
    return settle(value)


def zero(kind: Any) -> Any:
    """The value whose bytes are all zero (structures: with the defaults of their class)."""
    if isinstance(kind, type) and not isinstance(kind, types.GenericAlias):
        return zero_of_class(kind)
    if typing.get_origin(kind) is tuple:
        return tuple(zero(part) for part in typing.get_args(kind))
    return None


def zero_of_class(kind: type) -> Any:
    """The zero of a class."""
    make = getattr(kind, "zero_", None)
    if make is not None:
        return make()
    if kind is int:
        return i64(0)
    if issubclass(kind, Enum):
        return next((member for member in kind if member.value == 0), i64(0))
    if issubclass(kind, Fixed) or kind in (bool, float, str, bytes):
        return kind()
    return None
