"""Assignments: the first one gives a local variable its type; parts of structures and arrays; several targets; `+=`."""

from __future__ import annotations

import ast

from atoll.compiler.check.expressions import Expressions
from atoll.compiler.check.operators import SIGNS
from atoll.compiler.errors import Refused, shown
from atoll.compiler.symbols import GlobalVariable, Module
from atoll.compiler.tree import (
    Assign,
    AssignSlice,
    Block,
    Copy,
    Evaluate,
    Expression,
    FieldOf,
    Global,
    Index,
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
    ErrorType,
    Field,
    RefType,
    SliceType,
    StructType,
    TupleType,
    Type,
    an,
    is_aggregate,
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
        return self.assign_to(target, value, node.value)

    def _chained(self, node: ast.Assign) -> Statement:
        """`a = b = value`: the value is made once."""
        value = self.expression(node.value, self.target_type(node.targets[0]))
        kept = self.once(value)
        statements: list[Statement] = []
        if kept.variable is not None:
            statements.append(self.assign_variable(kept.variable, value))
        statements += [self.assign_to(target, kept.again(), node.value) for target in node.targets]
        return Block(self.at(node), statements)

    def _annotated(self, node: ast.AnnAssign) -> Statement:
        if not isinstance(node.target, ast.Name):
            raise self.refuse(node, "only a variable can be annotated here", "annotate fields in the class")
        name = node.target.id
        type_ = self.resolve(node.annotation)
        if isinstance(type_, RefType):
            type_ = type_.inner
        self.program.complete_storage(type_, self.at(node))
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
            if self.owner_symbol(target.value) is not None:
                return None
            base = self.unwrap(self.expression(target.value))
            if isinstance(base.type, StructType) and isinstance(target, ast.Attribute):
                field = self.program.complete(base.type).fields.get(target.attr)
                return field.type if field is not None else None
            if isinstance(base.type, ArrayType | SliceType):
                return base.type.element
        return None

    def assign_variable(self, variable: LocalVariable, value: Expression) -> Statement:
        """Set a temporary."""
        return Assign(value.at, Local(value.at, variable.type, variable), value)

    def assign_to(self, target: ast.expr, value: Expression, source: ast.AST | None = None) -> Statement:
        """Assign a checked value to a target; `source` is what is to blame if it does not fit."""
        source = source or target
        match target:
            case ast.Name():
                return self._assign_name(target, value, source)
            case ast.Attribute():
                return self._assign_field(target, value, source)
            case ast.Subscript():
                return self._assign_element(target, value, source)
            case ast.Tuple(elements) | ast.List(elements):
                return self._unpack(target, elements, value, source)
        raise self.refuse(target, f"cannot assign to {shown(target)}", "write each element on its own")

    def _assign_name(self, target: ast.Name, value: Expression, source: ast.AST) -> Statement:
        name = target.id
        at = self.at(target)
        if name in self.global_names:
            symbol = self.module.names.get(name)
            if not isinstance(symbol, GlobalVariable):
                raise Refused(name)
            type_ = self.global_type(symbol)
            return Assign(at, Global(at, type_, symbol), self.coerce(value, type_, source))
        variable = self.locals.get(name)
        if variable is None:
            value = self.settle(value, source)
            if value.type == VOID:
                raise self.refuse(
                    source, f"the type of {name} is not known from None", f"annotate it: {name}: T | None = None"
                )
            if isinstance(value.type, ErrorType):
                raise self.refuse(source, "an error lives in its except block only", "keep its text or its fields")
            variable = self.variable(name, value.type)
        else:
            value = self.coerce(value, variable.type, source)
        if self.assigned is not None:
            self.assigned.add(name)
        return Assign(at, Local(at, variable.type, variable), value)

    def _assign_field(self, target: ast.Attribute, value: Expression, source: ast.AST) -> Statement:
        base, field = self._field(target)
        type_ = _plain(field.type)
        place = FieldOf(self.at(target), type_, base, field)
        return Assign(self.at(target), place, self.coerce(value, field.type, source))

    def _field(self, target: ast.Attribute) -> tuple[Expression, Field]:
        """The structure and the field that a target means."""
        owner = self.owner_symbol(target.value)
        if isinstance(owner, Module):
            raise self.refuse(
                target, "a variable of another module cannot be assigned to", "write a function there that sets it"
            )
        if owner is not None:
            raise self.refuse(target, "a constant of a class cannot be assigned to")
        base = self.unwrap(self.expression(target.value))
        if not isinstance(base.type, StructType):
            raise self.refuse(target, f"{base.type} has no field {target.attr}")
        field = self.program.field(base.type, target.attr)
        if field is None:
            known = target.attr in base.type.decl.methods or target.attr in base.type.decl.constants
            problem = f"{target.attr} of {base.type} cannot be assigned to" if known else None
            raise self.refuse(
                target,
                problem or f"{base.type} has no field {target.attr}",
                "" if known else f"declare it in the class: {target.attr}: u64, for example",
            )
        return base, field

    def _assign_element(self, target: ast.Subscript, value: Expression, source: ast.AST) -> Statement:
        base = self.unwrap(self.expression(target.value))
        at = self.at(target)
        if isinstance(target.slice, ast.Slice):
            part = self.subscript(target)
            if not isinstance(part, SliceOf) or not isinstance(part.type, SliceType):
                raise self.refuse(target, f"a slice of {base.type} cannot be assigned to", "it is read-only")
            wanted = BYTES if part.type.element == U8 else part.type
            return AssignSlice(at, part, self.coerce(value, wanted, source))
        if isinstance(base.type, StructType):
            return Evaluate(at, self.call_method(base, "__setitem__", [self.expression(target.slice), value], target))
        if not isinstance(base.type, ArrayType | SliceType):
            advice = "it is read-only: use Slice[u8] or Array[u8, N]" if base.type in (TEXT, BYTES) else ""
            raise self.refuse(target, f"elements of {an(base.type)} cannot be assigned to", advice)
        element = base.type.element
        place = Index(at, _plain(element), base, self.index(target.slice, base))
        return Assign(at, place, self.coerce(value, element, source))

    def _unpack(self, target: ast.expr, elements: list[ast.expr], value: Expression, source: ast.AST) -> Statement:
        if not isinstance(value.type, TupleType) or len(value.type.elements) != len(elements):
            raise self.refuse(source, f"cannot unpack {an(value.type)} into {len(elements)} names")
        holder = self.temporary(value.type)
        statements = [self.assign_variable(holder, value)]
        for position, (element, type_) in enumerate(zip(elements, value.type.elements, strict=True)):
            item = TupleItem(value.at, type_, Local(value.at, value.type, holder), position)
            statements.append(self.assign_to(element, item, source if source is not target else element))
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
            if is_aggregate(value.type) and not self._is_local(target):
                # The other target may be what this value is: `a[i], a[j] = a[j], a[i]`.
                value = Copy(value.at, value.type, value)
            holder = self.temporary(value.type)
            statements.append(self.assign_variable(holder, value))
            held.append(holder)
        for target, holder, value_node in zip(targets, held, values, strict=True):
            statements.append(self.assign_to(target, Local(self.at(target), holder.type, holder), value_node))
        return Block(self.at(node), statements)

    def _is_local(self, target: ast.expr) -> bool:
        return isinstance(target, ast.Name) and target.id not in self.global_names

    # --- += and its like ----------------------------------------------------------------------------------------------

    def _augmented(self, node: ast.AugAssign) -> Statement:
        op = SIGNS[type(node.op)]
        target = node.target
        at = self.at(target)
        if isinstance(target, ast.Name):
            current = self.name(target)
            return self.assign_to(target, self._updated(op, current, node), node)
        if isinstance(target, ast.Attribute):
            structure, field = self._field(target)
            base = self.once(structure)
            place: Expression = FieldOf(at, _plain(field.type), base.again(), field)
            return Assign(at, place, base.around(self.coerce(self._updated(op, place, node), place.type, node)))
        base = self.once(self.unwrap(self.expression(target.value)))
        if isinstance(target.slice, ast.Slice):
            raise self.refuse(node, "a slice cannot be updated like this", "write a loop")
        if isinstance(base.expression.type, StructType):
            key = self.once(self.settle(self.expression(target.slice), node))
            old = self.call_method(base.again(), "__getitem__", [key.again()], node)
            new = self.call_method(base.again(), "__setitem__", [key.again(), self._updated(op, old, node)], node)
            return Evaluate(at, base.around(key.around(new)))
        if not isinstance(base.expression.type, ArrayType | SliceType):
            raise self.refuse(target, f"elements of {an(base.expression.type)} cannot be assigned to")
        index = self.once(self.index(target.slice, base.expression))
        place = Index(at, _plain(base.expression.type.element), base.again(), index.again())
        return Assign(
            at, place, base.around(index.around(self.coerce(self._updated(op, place, node), place.type, node)))
        )

    def _updated(self, op: str, current: Expression, node: ast.AugAssign) -> Expression:
        return self.arithmetic(op, self.unwrap(current), self.unwrap(self.expression(node.value, current.type)), node)


def _plain(type_: Type) -> Type:
    """What an expression of a place of this type is: a reference is what it refers to."""
    return type_.inner if isinstance(type_, RefType) else type_
