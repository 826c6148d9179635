"""Calls that are close to the machine: instructions, raw memory, addresses."""

from __future__ import annotations

import ast

from atoll.compiler.check.calls import Calls
from atoll.compiler.intrinsics import INTRINSICS, instruction_symbol
from atoll.compiler.tree import Constant, Expression, Intrinsic
from atoll.compiler.types import (
    BYTES,
    TEXT,
    U8,
    U16,
    U32,
    U64,
    VOID,
    FunctionType,
    SliceType,
    TupleType,
    Type,
    an,
    is_aggregate,
)

_LOADS = {f"load{t.bits}": t for t in (U8, U16, U32, U64)}
_STORES = {f"store{t.bits}": t for t in (U8, U16, U32, U64)}


class Machine(Calls):
    """The layer of what only a machine has."""

    def _instruction(self, name: str, node: ast.Call) -> Expression:
        intrinsic = INTRINSICS.get(name)
        if intrinsic is None:
            raise self.refuse(node, f"{name} is an instruction for @assembly functions only")
        args = list(node.args)
        if node.keywords:
            raise self.refuse(node, f"{name} takes its arguments by position")
        csr: int | None = None
        if intrinsic.takes_csr:
            number = self.expression(args.pop(0)) if args else None
            if not isinstance(number, Constant) or not isinstance(number.value, int) or number.value not in range(4096):
                raise self.refuse(node, f"the first argument of {name} is a constant of CSR")
            csr = number.value
        if len(args) > intrinsic.arguments or (name != "ecall" and len(args) != intrinsic.arguments):
            raise self.refuse(
                node,
                f"{name} takes {intrinsic.arguments} argument{'s' if intrinsic.arguments != 1 else ''}"
                f"{' besides its register' if intrinsic.takes_csr else ''}, not {len(args)}",
            )
        values = [self.coerce(self.expression(a, U64), U64, a) for a in args]
        values += [Constant(self.at(node), U64, 0)] * (intrinsic.arguments - len(values))
        results = {0: VOID, 1: U64, 2: TupleType((U64, U64))}
        detail = instruction_symbol(name, csr), intrinsic
        return Intrinsic(self.at(node), results[intrinsic.results], "instruction", values, detail)

    def _raw(self, name: str, node: ast.Call) -> Expression:
        args = node.args
        if node.keywords:
            raise self.refuse(node, f"{name} takes its arguments by position")
        if name == "at" and len(args) == 2:
            type_ = self.resolve(args[0])
            if not is_aggregate(type_):
                raise self.refuse(node, "at() gives a structure or an array", "use load64 and store64 for numbers")
            self.program.complete_storage(type_, self.at(node))
            return Intrinsic(self.at(node), type_, "at", [self._address(args[1])])
        if name == "size_of" and len(args) == 1:
            type_ = self.resolve(args[0])
            self.program.complete_storage(type_, self.at(node))
            return Intrinsic(self.at(node), U64, "size of", [], type_)
        if name == "address_of" and len(args) == 1:
            return self._address_of(node)
        result: Type | None = None
        if name in _LOADS and len(args) == 1:
            result = _LOADS[name]
        elif name in ("view", "text_at") and len(args) == 2:
            result = SliceType(U8) if name == "view" else TEXT
        elif name.startswith("call_address") and len(args) >= 1:
            result = U64
        if result is not None:
            return Intrinsic(
                self.at(node), result, name if name[:4] != "call" else "call address", [self._address(a) for a in args]
            )
        if name == "copy_memory" and len(args) == 3:
            return Intrinsic(self.at(node), VOID, "copy memory", [self._address(a) for a in args])
        if name in _STORES and len(args) == 2:
            value = self.coerce(self.expression(args[1], _STORES[name]), _STORES[name], args[1])
            return Intrinsic(self.at(node), VOID, name, [self._address(args[0]), value])
        raise self.refuse(node, f"atoll.abi.raw has no {name}() with {len(args)} arguments")

    def _address(self, node: ast.expr) -> Expression:
        return self.coerce(self.expression(node, U64), U64, node)

    def _address_of(self, node: ast.Call) -> Expression:
        value = self.unwrap(self.expression(node.args[0]))
        if (
            isinstance(value.type, FunctionType)
            or is_aggregate(value.type)
            or isinstance(value.type, SliceType)
            or value.type in (TEXT, BYTES)
        ):
            return Intrinsic(self.at(node), U64, "address of", [value])
        raise self.refuse(
            node, f"{an(value.type)} has no address", "structures, arrays, slices, text and functions have one"
        )
