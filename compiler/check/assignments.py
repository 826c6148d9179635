"""Assignments: the first one gives a local variable its type; parts of structures and arrays; several targets; `+=`."""

from __future__ import annotations

import ast

from atoll.compiler.check.expressions import Expressions
from atoll.compiler.check.operators import SIGNS
from atoll.compiler.symbols import GlobalVariable, Module
from atoll.compiler.tree import (
    Assign,
    AssignSlice,
    Block,
    Call,
    CallValue,
    Evaluate,
    Expression,
    FieldOf,
    Global,
    Index,
    Intrinsic,
    Local,
    LocalVariable,
    SliceOf,
    Statement,
    TupleItem,
)
from atoll.compiler.types import (
    BYTES,
    TEXT,
    U8,
    VOID,
    ArrayType,
    RefType,
    SliceType,
    StructType,
    TupleType,
    Type,
)


class Assignments(Expressions):
    """The layer of assignment."""

    def copy_assigned(self) -> set[str] | None:
        """What has a value here, to come back to."""
        return set(self.assigned) if self.assigned is not None else None

    @staticmethod
    def join(a: set[str] | None, b: set[str] | None) -> set[str] | None:
        """What has a value where two ways meet."""
        if a is None or b is None:
            return b if a is None else a
        return a & b

    def assignment(self, node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> Statement:
        """Any assignment statement."""
        match node:
            case ast.AnnAssign():
                return self._annotated(node)
            case ast.AugAssign():
                return self._augmented(node)
            case ast.Assign([ast.Tuple(targets)], ast.Tuple(values)) if len(targets) == len(values):
                return self._parallel(node, targets, values)
            case ast.Assign([target]):
                return self._plain_assignment(target, node)
        return self._chained(node)

    def _plain_assignment(self, target: ast.expr, node: ast.Assign) -> Statement:
        value = self.expression(node.value, self.target_type(target))
        return self.assign_to(target, value)

    def _chained(self, node: ast.Assign) -> Statement:
        first, *rest = node.targets
        statements = [self.assign_to(first, self.expression(node.value, self.target_type(first)))]
        for target in rest:
            statements.append(self.assign_to(target, self.expression(_load(first), self.target_type(target))))
        return Block(self.at(node), statements)

    def _annotated(self, node: ast.AnnAssign) -> Statement:
        if not isinstance(node.target, ast.Name):
            raise self.refuse(node, "only a variable can be annotated here", "annotate fields in the class")
        name = node.target.id
        type_ = self.resolve(node.annotation)
        if isinstance(type_, RefType):
            type_ = type_.inner
        if isinstance(type_, StructType):
            self.program.complete(type_)
        if name in self.global_names:
            raise self.refuse(node, f"{name} is a variable of the module", "annotate it there")
        if name in self.locals and self.locals[name].type != type_:
            raise self.refuse(node, f"{name} has the type {self.locals[name].type} already", "use another name")
        if node.value is None:
            if name not in self.locals:
                self.variable(name, type_)
            return Block(self.at(node), [])
        value = self.coerce(self.expression(node.value, type_), type_, node.value)
        if name not in self.locals:
            self.variable(name, type_)
        return self.assign_to(node.target, value)

    def target_type(self, target: ast.expr) -> Type | None:
        """The type that a target wants, where it is known before the value is."""
        if isinstance(target, ast.Name):
            if target.id in self.global_names:
                symbol = self.module.names.get(target.id)
                return self.global_type(symbol) if isinstance(symbol, GlobalVariable) else None
            variable = self.locals.get(target.id)
            return variable.type if variable is not None else None
        if isinstance(target, ast.Attribute | ast.Subscript):
            if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Slice):
                return None
            base = self.unwrap(self.expression(target.value)) if self.owner_symbol(target.value) is None else None
            if base is not None and isinstance(base.type, StructType) and isinstance(target, ast.Attribute):
                field = self.program.complete(base.type).fields.get(target.attr)
                return field.type if field is not None else None
            if base is not None and isinstance(base.type, ArrayType | SliceType):
                return base.type.element
        return None

    def assign_variable(self, variable: LocalVariable, value: Expression) -> Statement:
        """Set a temporary."""
        return Assign(value.at, Local(value.at, variable.type, variable), value)

    def assign_to(self, target: ast.expr, value: Expression) -> Statement:
        """Assign a checked value to a target."""
        match target:
            case ast.Name():
                return self._assign_name(target, value)
            case ast.Attribute():
                return self._assign_field(target, value)
            case ast.Subscript():
                return self._assign_element(target, value)
            case ast.Tuple(elements) | ast.List(elements):
                return self._unpack(target, elements, value)
        raise self.refuse(target, f"cannot assign to {ast.unparse(target)}")

    def _assign_name(self, target: ast.Name, value: Expression) -> Statement:
        name = target.id
        at = self.at(target)
        if name in self.global_names:
            symbol = self.module.names[name]
            assert isinstance(symbol, GlobalVariable)
            type_ = self.global_type(symbol)
            return Assign(at, Global(at, type_, symbol), self.coerce(value, type_, target))
        variable = self.locals.get(name)
        if variable is None:
            value = self.settle(value, target)
            if value.type == VOID:
                if _is_call(value):
                    raise self.refuse(target, "this call returns nothing")
                raise self.refuse(
                    target, f"the type of {name} is not known from None", f"annotate it: {name}: T | None = None"
                )
            variable = self.variable(name, value.type)
        else:
            value = self.coerce(value, variable.type, target)
        if self.assigned is not None:
            self.assigned.add(name)
        return Assign(at, Local(at, variable.type, variable), value)

    def _assign_field(self, target: ast.Attribute, value: Expression) -> Statement:
        owner = self.owner_symbol(target.value)
        if isinstance(owner, Module):
            raise self.refuse(
                target, "a variable of another module cannot be assigned to", "write a function there that sets it"
            )
        if owner is not None:
            raise self.refuse(target, "a constant of a class cannot be assigned to")
        base = self.unwrap(self.expression(target.value))
        if not isinstance(base.type, StructType) or target.attr not in self.program.complete(base.type).fields:
            raise self.refuse(target, f"{base.type} has no field {target.attr}")
        field = base.type.fields[target.attr]
        type_ = field.type.inner if isinstance(field.type, RefType) else field.type
        return Assign(
            self.at(target), FieldOf(self.at(target), type_, base, field), self.coerce(value, field.type, target)
        )

    def _assign_element(self, target: ast.Subscript, value: Expression) -> Statement:
        base = self.unwrap(self.expression(target.value))
        at = self.at(target)
        if isinstance(target.slice, ast.Slice):
            part = self.subscript(target)
            if not isinstance(part, SliceOf) or not isinstance(part.type, SliceType):
                raise self.refuse(target, f"a slice of {base.type} cannot be assigned to", "it is read-only")
            wanted = BYTES if part.type.element == U8 else part.type
            return AssignSlice(at, part, self.coerce(value, wanted, target))
        if isinstance(base.type, StructType):
            return Evaluate(at, self.call_method(base, "__setitem__", [self.expression(target.slice), value], target))
        if not isinstance(base.type, ArrayType | SliceType):
            advice = "it is read-only: use Slice[u8] or Array[u8, N]" if base.type in (TEXT, BYTES) else ""
            raise self.refuse(target, f"elements of a {base.type} cannot be assigned to", advice)
        element = base.type.element
        plain = element.inner if isinstance(element, RefType) else element
        return Assign(at, Index(at, plain, base, self.index(target.slice, base)), self.coerce(value, element, target))

    def _unpack(self, target: ast.expr, elements: list[ast.expr], value: Expression) -> Statement:
        if not isinstance(value.type, TupleType) or len(value.type.elements) != len(elements):
            raise self.refuse(target, f"cannot unpack a {value.type} into {len(elements)} names")
        holder = self.temporary(value.type)
        statements = [self.assign_variable(holder, value)]
        for position, (element, type_) in enumerate(zip(elements, value.type.elements, strict=True)):
            item = TupleItem(value.at, type_, Local(value.at, value.type, holder), position)
            statements.append(self.assign_to(element, item))
        return Block(self.at(target), statements)

    def _parallel(self, node: ast.Assign, targets: list[ast.expr], values: list[ast.expr]) -> Statement:
        """`a, b = b, a`: all values first, then all targets."""
        statements: list[Statement] = []
        held = []
        for target, value_node in zip(targets, values, strict=True):
            wanted = self.target_type(target)
            value = self.expression(value_node, wanted)
            value = self.coerce(value, wanted, value_node) if wanted is not None else self.settle(value, value_node)
            if value.type == VOID:
                raise self.refuse(value_node, "the type of None is not known here", "annotate the variable before")
            holder = self.temporary(value.type)
            statements.append(self.assign_variable(holder, value))
            held.append(holder)
        for target, holder in zip(targets, held, strict=True):
            statements.append(self.assign_to(target, Local(self.at(target), holder.type, holder)))
        return Block(self.at(node), statements)

    # --- += and its like ----------------------------------------------------------------------------------------------

    def _augmented(self, node: ast.AugAssign) -> Statement:
        op = SIGNS[type(node.op)]
        target = node.target
        if isinstance(target, ast.Name):
            current = self.name(_load(target)) if target.id not in self.global_names else self.expression(_load(target))  # type: ignore[arg-type]
            return self.assign_to(target, self._updated(op, current, node))
        base = self.once(self.unwrap(self.expression(target.value)))
        at = self.at(target)
        if isinstance(target, ast.Attribute):
            if (
                not isinstance(base.expression.type, StructType)
                or target.attr not in self.program.complete(base.expression.type).fields
            ):
                raise self.refuse(target, f"{base.expression.type} has no field {target.attr}")
            field = base.expression.type.fields[target.attr]
            place: Expression = FieldOf(at, field.type, base.again(), field)
            return Assign(at, place, base.around(self.coerce(self._updated(op, place, node), place.type, node)))
        if isinstance(target.slice, ast.Slice):
            raise self.refuse(node, "a slice cannot be updated like this", "write a loop")
        if isinstance(base.expression.type, StructType):
            key = self.once(self.settle(self.expression(target.slice), node))
            old = self.call_method(base.again(), "__getitem__", [key.again()], node)
            new = self.call_method(base.again(), "__setitem__", [key.again(), self._updated(op, old, node)], node)
            return Evaluate(at, base.around(key.around(new)))
        if not isinstance(base.expression.type, ArrayType | SliceType):
            raise self.refuse(target, f"elements of a {base.expression.type} cannot be assigned to")
        index = self.once(self.index(target.slice, base.expression))
        place = Index(at, base.expression.type.element, base.again(), index.again())
        return Assign(
            at, place, base.around(index.around(self.coerce(self._updated(op, place, node), place.type, node)))
        )

    def _updated(self, op: str, current: Expression, node: ast.AugAssign) -> Expression:
        return self.arithmetic(op, self.unwrap(current), self.unwrap(self.expression(node.value, current.type)), node)


def _load(target: ast.expr) -> ast.expr:
    return target


def _is_call(value: Expression) -> bool:
    return isinstance(value, Call | CallValue | Intrinsic)
