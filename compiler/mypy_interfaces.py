"""For mypy: the static methods that an interface has for answers given later, `reply_METHOD`."""

from __future__ import annotations

from mypy.nodes import ARG_POS, Argument, FuncDef, Var
from mypy.plugin import ClassDefContext
from mypy.plugins.common import add_method_to_class
from mypy.types import CallableType, Instance, NoneType, TupleType, Type, UnionType, get_proper_type

from atoll.compiler.interfaces.client import PLACES


def add_answers(context: ClassDefContext) -> None:
    """Give a class that derives from `Interface` its static methods."""
    for part in context.cls.defs.body:
        function = getattr(part, "func", part)
        if isinstance(function, FuncDef) and not function.name.startswith("_"):
            _add_reply(context, function)


def _add_reply(context: ClassDefContext, function: FuncDef) -> None:
    declared = function.unanalyzed_type
    if not isinstance(declared, CallableType):
        return
    result = _analyzed(context, declared.ret_type)
    parameters = [_analyzed(context, part) for part in declared.arg_types[1:]]
    if result is None or None in parameters:
        return
    parts = _parts(result)
    if parts and any(_is_buffer(part) for part in parameters if part is not None):
        # What the buffer was to be filled with, instead of how many bytes that would have been.
        buffers = [part for part in parameters if part is not None and _is_buffer(part)]
        data = UnionType([context.api.named_type("builtins.bytes"), *buffers])
        parts[0] = ("data", data)
    _add(context, f"reply_{function.name}", parts)


def _analyzed(context: ClassDefContext, part: Type) -> Type | None:
    """The type; None, and another try later, if some of it is not known yet."""
    found = context.api.anal_type(part)
    if found is None:
        context.api.defer()
    return found


def _parts(result: Type) -> list[tuple[str, Type]]:
    proper = get_proper_type(result)
    if isinstance(proper, NoneType):
        return []
    if isinstance(proper, TupleType):
        return list(zip(PLACES, proper.items, strict=False))
    return [("result", result)]


def _is_buffer(part: Type) -> bool:
    proper = get_proper_type(part)
    return isinstance(proper, Instance) and proper.type.fullname == "atoll.abi.types.Slice"


def _add(context: ClassDefContext, name: str, parts: list[tuple[str, Type]]) -> None:
    """A static method that takes a reply handle and these."""
    number = context.api.named_type("builtins.int")
    arguments = [Argument(Var(part, kind), kind, None, ARG_POS) for part, kind in [("reply", number), *parts]]
    add_method_to_class(context.api, context.cls, name, arguments, NoneType(), is_staticmethod=True)
