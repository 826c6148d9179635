"""Structures for CPython: annotated fields exist from the start, are checked, and hold structures in place."""

from __future__ import annotations

import copy as plain_copy
import sys
from typing import Any, TypeVar

from atoll.abi.cpython.integers import Refused
from atoll.abi.cpython.sequences import Unplaced
from atoll.abi.cpython.values import convert, is_in_place, zero

T = TypeVar("T")


def fields_of(cls: Any) -> dict[str, Any]:
    """The fields of a structure class in their order, each with its type; evaluated when they are first asked for."""
    known: dict[str, Any] | None = cls.__dict__.get("fields_")
    if known is None:
        declared = getattr(cls, "declared_", None) or cls.__annotations__
        names = getattr(cls, "globals_", None) or vars(sys.modules[cls.__module__])
        known = {name: evaluate(kind, names, getattr(cls, "binding_", {})) for name, kind in declared.items()}
        cls.fields_ = known
    return known


def natural(cls: Any) -> Any:
    """The class itself, also for the variant of it whose fields lie in memory (memory.py)."""
    return getattr(cls, "natural_", cls)


def evaluate(annotation: Any, names: dict[str, Any], binding: dict[str, Any]) -> Any:
    """The object that an annotation means; text is evaluated, type variables by what they are bound to."""
    while isinstance(annotation, str):
        annotation = eval(annotation, names, binding)
    return annotation


def set_field(self: Any, name: str, value: Any) -> None:
    """`structure.name = value`: converted, or copied into the structure that is there."""
    kind = fields_of(type(self)).get(name)
    if kind is None:
        descriptor = getattr(type(self), name, None)
        if not isinstance(descriptor, property):
            raise Refused(f"{type(self).__name__} has no field {name}")
        descriptor.__set__(self, value)
    elif is_in_place(kind):
        self.__dict__[name].assign_(value)
    else:
        self.__dict__[name] = convert(kind, value)


def assign(self: Any, value: Any) -> None:
    """Copy every field of another structure of the same class."""
    value = natural(type(self)).convert_(value)
    for name in fields_of(type(self)):
        setattr(self, name, getattr(value, name))


def blank(cls: Any) -> Any:
    """A structure that is all zero, or has the defaults of its class body."""
    made = object.__new__(cls)
    for name, kind in fields_of(cls).items():
        made.__dict__[name] = zero(kind)
        if name in cls.defaults_:
            setattr(made, name, cls.defaults_[name])
    return made


def new(cls: Any, *arguments: Any, **keywords: Any) -> Any:
    """`__new__`: zeroed storage; for a generic class without arguments, a promise of it."""
    if cls.parameters_ and not cls.binding_:
        return Unplaced(cls, arguments, keywords)
    return blank(cls)


def initialise_from_fields(self: Any, *values: Any, **named: Any) -> None:
    """`__init__` of a dataclass."""
    names = list(fields_of(type(self)))
    if len(values) > len(names):
        raise Refused(f"{type(self).__name__}() takes {len(names)} values")
    given = dict(zip(names, values, strict=False)) | named
    for name in names:
        if name in given:
            setattr(self, name, given[name])
        elif name not in self.defaults_:
            raise Refused(f"{type(self).__name__}() needs a value for {name}")


def initialise_nothing(self: Any) -> None:
    """`__init__` of a plain class without one."""


def same_fields(self: Any, other: Any) -> Any:
    """`==` of a dataclass."""
    if not isinstance(other, self.root_):
        return NotImplemented
    return all(getattr(self, name) == getattr(other, name) for name in fields_of(type(self)))


def specialise(cls: Any, arguments: Any) -> Any:
    """`Ring[Event, 64]`: the class with its type variables bound."""
    values = arguments if isinstance(arguments, tuple) else (arguments,)
    if values not in cls.uses_:
        if len(values) != len(cls.parameters_):
            raise Refused(f"{cls.__name__} takes {len(cls.parameters_)} type arguments")
        name = f"{cls.__name__}[{', '.join(str(getattr(v, '__name__', v)) for v in values)}]"
        cls.uses_[values] = type(name, (cls,), {"binding_": dict(zip(cls.parameters_, values, strict=True))})
    return cls.uses_[values]


def to_structure(cls: Any, value: Any) -> Any:
    """The structure itself: passing it around does not copy."""
    if isinstance(value, Unplaced):
        return value.place(cls)
    if not isinstance(value, cls):
        raise Refused(f"{type(value).__name__} where {cls.__name__} is declared")
    return value


def structure(cls: Any, names: dict[str, Any], *, is_dataclass: bool) -> Any:
    """Give a class as Python made it the behaviour of a structure; `names` are its module's globals."""
    declared = dict(vars(cls).get("__annotations__", {}))
    defaults = {name: cls.__dict__[name] for name in declared if name in cls.__dict__}
    for name in defaults:
        delattr(cls, name)
    cls.declared_, cls.defaults_, cls.globals_, cls.root_ = declared, defaults, names, cls
    cls.parameters_ = tuple(variable.__name__ for variable in getattr(cls, "__parameters__", ()))
    cls.binding_, cls.uses_, cls.in_place_ = {}, {}, True
    cls.__new__, cls.__setattr__, cls.assign_ = new, set_field, assign
    for method, name in ((specialise, "__class_getitem__"), (to_structure, "convert_"), (blank, "zero_")):
        setattr(cls, name, classmethod(method))
    if is_dataclass:
        cls.__init__, cls.__eq__, cls.__hash__ = initialise_from_fields, same_fields, None
    elif "__init__" not in cls.__dict__:
        cls.__init__ = initialise_nothing
    return cls


def copy(structure: T) -> T:
    """A new structure or array with the same contents."""
    whole: Any = structure
    if not is_in_place(type(whole)):
        return plain_copy.copy(structure)
    made = natural(type(whole)).zero_()
    made.assign_(whole)
    return made  # type: ignore[no-any-return]


