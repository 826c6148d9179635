"""Names, attributes, elements and slices."""

from __future__ import annotations

import ast
import difflib

from atoll.compiler.check.comparison import Comparison
from atoll.compiler.constants import evaluate
from atoll.compiler.errors import Refused
from atoll.compiler.symbols import (
    AliasDecl,
    Builtin,
    ClassDecl,
    ConstantDecl,
    EnumDecl,
    ErrorDecl,
    FunctionDecl,
    GlobalVariable,
    Module,
    Symbol,
    TypeVarDecl,
)
from atoll.compiler.tree import (
    Constant,
    Convert,
    ErrorField,
    Expression,
    FieldOf,
    FunctionValue,
    Global,
    Index,
    Intrinsic,
    Length,
    Local,
    SliceOf,
    TupleItem,
)
from atoll.compiler.types import (
    BYTES,
    I64,
    LITERAL,
    TEXT,
    VOID,
    ArrayType,
    EnumType,
    ErrorType,
    Int,
    RefType,
    SliceType,
    StructType,
    TupleType,
    Type,
    an,
    element_type,
)

# Python's own functions that exist here, and are no values.
CALLED_ONLY = ("print", "len", "range", "enumerate", "min", "max", "abs", "ord", "int", "str", "bool", "float", "bytes")


class Access(Comparison):
    """The layer of names and parts of things."""

    def name(self, node: ast.Name) -> Expression:
        """A local, constant, module variable or function."""
        variable = self.locals.get(node.id)
        if variable is not None:
            if self.assigned is not None and node.id not in self.assigned:
                raise self.refuse(node, f"{node.id} may have no value here", "assign it on every way that leads here")
            return Local(self.at(node), variable.type, variable)
        if node.id in self.poisoned:
            raise Refused(node.id)
        if node.id in self.own_names:
            state = isinstance(self.module.names.get(node.id), GlobalVariable)
            advice = f"write: global {node.id}" if state else "assign it on every way that leads here"
            raise self.refuse(node, f"{node.id} may have no value here", advice)
        if isinstance(number := self.substitution.get(node.id), int):
            return Constant(self.at(node), LITERAL, number)
        return self.symbol_value(self.program.lookup(self.module, node.id), node.id, node)

    def symbol_value(self, symbol: Symbol | None, name: str, node: ast.expr) -> Expression:
        """What a global name gives as a value."""
        match symbol:
            case ConstantDecl():
                constant = evaluate(self.program, symbol)
                return Constant(self.at(node), constant.type, constant.value)
            case GlobalVariable():
                return Global(self.at(node), self.global_type(symbol), symbol)
            case FunctionDecl():
                return self._function_value(symbol, node)
            case Module() | ClassDecl() | EnumDecl() | ErrorDecl() | AliasDecl():
                raise self.refuse(node, f"{name} is not a value")
            case Builtin("type" | "types" | "standard"):
                raise self.refuse(node, f"{name} is not a value")
            case Builtin():
                raise self.refuse(node, f"{name} can only be called")
            case TypeVarDecl():
                raise self.refuse(node, f"{name} stands for a type here, and is not a value")
        if name in CALLED_ONLY:
            raise self.refuse(node, f"{name} can only be called")
        raise self.refuse(node, f"{name} is not known here", self.similar(name))

    def similar(self, name: str) -> str:
        near = difflib.get_close_matches(name, [n for n in (*self.locals, *self.module.names) if n != name], 1)
        return f"did you mean {near[0]}?" if near else ""

    def _function_value(self, symbol: FunctionDecl, node: ast.expr) -> Expression:
        if symbol.parameters:
            raise self.refuse(
                node, f"{symbol.name} is generic and cannot be a value", "wrap it in a function with types"
            )
        function = self.program.function(symbol)
        function.address_taken = True
        return FunctionValue(self.at(node), function.type, function)

    def global_type(self, variable: GlobalVariable) -> Type:
        """The type of a module variable; an initialiser without annotation tells it."""
        if variable.type is None:
            if variable.annotation is not None:
                type_ = self.program.types.resolve(variable.annotation, variable.module, {})
            else:
                type_ = self.outside(variable.module, {}).value(variable.node).type
                if type_ == VOID:
                    raise self.program.reporter.refuse(
                        variable.module.at(variable.node),
                        f"the type of {variable.name} is not known from None",
                        f"annotate it: {variable.name}: T | None = None",
                    )
            self.program.complete_storage(type_, variable.module.at(variable.node))
            variable.type = type_
        if variable not in self.program.globals:
            self.program.globals[variable] = None
        type_ = variable.type
        return type_.inner if isinstance(type_, RefType) else type_

    # --- attributes ---------------------------------------------------------------------------------------------------

    def owner_symbol(self, node: ast.expr) -> Symbol | None:
        """The module, class or enumeration that an expression names; None if it is a value."""
        if isinstance(node, ast.Name) and node.id not in self.locals:
            symbol = self.program.lookup(self.module, node.id)
            if isinstance(symbol, Module | ClassDecl | EnumDecl):
                return symbol
        if isinstance(node, ast.Attribute):
            base = self.owner_symbol(node.value)
            if isinstance(base, Module):
                symbol = self.program.lookup(base, node.attr)
                if isinstance(symbol, Module | ClassDecl | EnumDecl):
                    return symbol
        return None

    def attribute(self, node: ast.Attribute) -> Expression:
        """`base.name` as a value."""
        match self.owner_symbol(node.value):
            case Module() as module:
                symbol = self.program.lookup(module, node.attr)
                if symbol is None:
                    near = difflib.get_close_matches(node.attr, module.names, 1)
                    advice = f"did you mean {near[0]}?" if near else ""
                    raise self.refuse(node, f"module {module.name} has no {node.attr}", advice)
                return self.symbol_value(symbol, f"{module.name}.{node.attr}", node)
            case EnumDecl() as enum:
                if node.attr not in enum.members:
                    raise self.refuse(
                        node, f"{enum.name} has no member {node.attr}", f"members: {', '.join(enum.members)}"
                    )
                return Constant(self.at(node), EnumType(enum), enum.members[node.attr])
            case ClassDecl() as class_:
                return self._class_constant(class_, node)
        base = self.unwrap(self.expression(node.value))
        return self._part(base, node)

    def _class_constant(self, class_: ClassDecl, node: ast.Attribute) -> Expression:
        constant = class_.constants.get(node.attr)
        if constant is None:
            raise self.refuse(node, f"class {class_.name} has no constant {node.attr}")
        value = evaluate(self.program, constant)
        return Constant(self.at(node), value.type, value.value)

    def _part(self, base: Expression, node: ast.Attribute) -> Expression:
        kind = base.type
        if isinstance(kind, StructType):
            field = self.program.field(kind, node.attr)
            if field is not None:
                return FieldOf(
                    self.at(node), field.type.inner if isinstance(field.type, RefType) else field.type, base, field
                )
            if node.attr in kind.decl.constants:
                return self._class_constant(kind.decl, node)
            method = kind.decl.methods.get(node.attr)
            if method is not None and method.is_property:
                return self.call_method(base, node.attr, [], node)
            if method is not None:
                raise self.refuse(
                    node, f"method {node.attr} can only be called", "write a function if you need a value"
                )
            raise self.refuse(node, f"{kind} has no field {node.attr}", _members(kind))
        if isinstance(kind, EnumType) and node.attr == "value":
            return Convert(self.at(node), I64, "same", base)
        if isinstance(kind, EnumType) and node.attr == "name":
            return Intrinsic(self.at(node), TEXT, "enum name", [base], kind.decl)
        if isinstance(kind, ErrorType) and node.attr in kind.decl.fields:
            return ErrorField(self.at(node), kind.decl.fields[node.attr].type, base, node.attr)
        raise self.refuse(node, f"{kind} has no attribute {node.attr}")

    # --- elements -----------------------------------------------------------------------------------------------------

    def subscript(self, node: ast.Subscript) -> Expression:
        """`base[index]` or `base[low:high]`."""
        base = self.unwrap(self.expression(node.value))
        if isinstance(node.slice, ast.Slice):
            return self._slice(base, node, node.slice)
        if isinstance(base.type, TupleType):
            return self._tuple_item(base, node)
        if isinstance(base.type, StructType):
            return self.call_method(base, "__getitem__", [self.expression(node.slice)], node)
        element = element_type(base.type)
        if element is None:
            raise self.refuse(node, f"{an(base.type)} has no elements")
        return Index(self.at(node), element, base, self.index(node.slice, base))

    def index(self, node: ast.expr, base: Expression) -> Expression:
        """An index: any integer; a constant outside an array is refused here already."""
        index = self.settle(self.unwrap(self.expression(node)), node)
        if isinstance(index.type, EnumType):
            index = Convert(index.at, I64, "same", index)
        if not isinstance(index.type, Int):
            raise self.refuse(node, f"an index is an integer, not {index.type}")
        if isinstance(base.type, ArrayType) and isinstance(index, Constant) and isinstance(index.value, int):
            count = base.type.count
            if not -count <= index.value < count:
                raise self.refuse(node, f"index {index.value} is out of range for length {count}")
            return Constant(index.at, index.type, index.value)
        return index

    def _tuple_item(self, base: Expression, node: ast.Subscript) -> Expression:
        assert isinstance(base.type, TupleType)
        index = self.expression(node.slice)
        count = len(base.type.elements)
        if not isinstance(index, Constant) or not isinstance(index.value, int) or not -count <= index.value < count:
            problem = f"the index of a tuple is a constant from 0 to {count - 1}" if count else "the tuple is empty"
            raise self.refuse(node, problem)
        position = index.value % count
        return TupleItem(self.at(node), base.type.elements[position], base, position)

    def _slice(self, base: Expression, node: ast.Subscript, part: ast.Slice) -> Expression:
        if part.step is not None:
            raise self.refuse(part.step, "a slice has no step", "write a loop")
        bounds = []
        for bound in (part.lower, part.upper):
            value = None if bound is None else self.settle(self.unwrap(self.expression(bound)), bound)
            if value is not None and not isinstance(value.type, Int):
                raise self.refuse(bound or node, f"a bound is an integer, not {value.type}")
            bounds.append(value)
        kind = base.type
        if isinstance(kind, ArrayType | SliceType):
            return SliceOf(self.at(node), SliceType(kind.element), base, bounds[0], bounds[1])
        if kind in (TEXT, BYTES):
            return SliceOf(self.at(node), kind, base, bounds[0], bounds[1])
        raise self.refuse(node, f"{an(kind)} cannot be sliced")

    def length(self, base: Expression, node: ast.AST) -> Expression:
        """`len(base)`."""
        base = self.unwrap(base)
        if isinstance(base.type, ArrayType):
            return Constant(self.at(node), I64, base.type.count)
        if isinstance(base.type, StructType):
            return self.coerce(self.call_method(base, "__len__", [], node), I64, node)
        if isinstance(base, Constant) and isinstance(base.value, str | bytes):
            data = base.value.encode() if isinstance(base.value, str) else base.value
            return Constant(self.at(node), LITERAL, len(data))
        if element_type(base.type) is None:
            raise self.refuse(node, f"{an(base.type)} has no length")
        return Length(self.at(node), I64, base)


def _members(kind: StructType) -> str:
    names = [*kind.fields, *kind.decl.own_methods()]
    return f"it has: {', '.join(names)}" if names else ""
