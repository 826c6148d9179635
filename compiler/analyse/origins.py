"""Origins within one function: what each reference may point into, and what storage of the frame refers to."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from atoll.compiler.analyse.reuse import Reuse
from atoll.compiler.tree import (
    Assign,
    AssignSlice,
    Call,
    CallValue,
    Choice,
    Convert,
    Copy,
    ErrorField,
    Expression,
    FieldOf,
    FormattedText,
    Function,
    Global,
    Index,
    Let,
    Local,
    LocalVariable,
    Make,
    MakeArray,
    MakeTuple,
    Node,
    Return,
    SliceOf,
    TupleItem,
)
from atoll.compiler.types import (
    TEXT,
    ArrayType,
    FunctionType,
    SliceType,
    Type,
    is_aggregate,
    is_reference,
    stores_references,
)

if TYPE_CHECKING:
    from atoll.compiler.analyse.escape import Escape, Summary

STATIC = -1
# What the referent of parameter p refers to in turn is numbered FIRST_INSIDE - p.
FIRST_INSIDE = -2
# A parameter's referent (its number), static storage, or storage of this frame: a variable, or what makes it.
Token = int | LocalVariable | Node
Tokens = frozenset[Token]
NONE: Tokens = frozenset()


def inside(number: int) -> int:
    """The number for what is referred to by what a number stands for; two levels deep is the same as one."""
    return FIRST_INSIDE - number if number >= 0 else number


class Origins:
    """The analysis of one function, with the summaries of others as they are known so far."""

    def __init__(self, program: Escape, function: Function, report: bool = False) -> None:
        self.program = program
        self.function = function
        self.report = report
        self.summary: Summary = program.summaries[function]
        self.variables: dict[LocalVariable, Tokens] = defaultdict(lambda: NONE)
        self.contents: dict[Token, Tokens] = defaultdict(lambda: NONE)
        self.reuse = Reuse(function) if report else None
        self.changed = False

    def run(self) -> None:
        """Go over the body until nothing changes; reports in the last round."""
        for parameter in self.function.parameters:
            assert parameter.parameter is not None
            self.variables[parameter] = frozenset([parameter.parameter])
        reporting, self.report = self.report, False
        while True:
            self.changed = False
            for statement in self.function.body:
                self._visit(statement)
            if not self.changed:
                break
        if reporting:
            self.report = True
            for statement in self.function.body:
                self._visit(statement)

    # --- statements ---------------------------------------------------------------------------------------------------

    def _visit(self, node: Node) -> None:
        for child in node.children():
            self._visit(child)
        match node:
            case Assign():
                self._assign(node)
            case Let():
                self._set(node.target.variable, node.value)
            case AssignSlice() if stores_references(_element(node.target.type)):
                self._store(self.origins(node.target), self._inside(self.origins(node.value)), node)
            case Return() if node.value is not None:
                self._return(node, node.value)
            case Call() | CallValue() | Make():
                self.origins(node)

    def _assign(self, node: Assign) -> None:
        if isinstance(node.target, Local):
            self._set(node.target.variable, node.value)
            self._check_name(node, node.target.variable)
            return
        stored = _stored(node.target)
        value = self.origins(node.value)
        holder = self.origins(node.target.base) if isinstance(node.target, FieldOf | Index) else frozenset([STATIC])
        if is_aggregate(stored):
            if stores_references(stored):
                self._store(holder, self._inside(value), node)
        elif is_reference(stored):
            self._store(holder, value, node)
            self._check_holder(holder, value, node)

    def _set(self, variable: LocalVariable, value: Expression) -> None:
        if not is_reference(variable.type):
            return
        found = self.origins(value)
        if variable.owns:
            if isinstance(value, Make | MakeArray | Copy | Call):
                self._add(self.contents, variable, self._inside(found))
        else:
            self._add(self.variables, variable, found)

    def _add(self, table: dict[Token, Tokens] | dict[LocalVariable, Tokens], key: Token, tokens: Tokens) -> None:
        old = table[key]  # type: ignore[index]
        if not tokens <= old:
            table[key] = old | tokens  # type: ignore[index]
            self.changed = True

    def _return(self, node: Return, value: Expression) -> None:
        if not is_reference(self.function.type.result):
            return
        tokens = self.origins(value)
        if self.function.makes_result:
            tokens = self._inside(tokens)
        for token in tokens:
            if isinstance(token, int):
                self.summary.returned.add(token)
            elif self.report:
                self.program.refuse(node, f"{self._name(token)} ends with this function, and is returned",
                                    "let the caller give the storage, or return a structure made here")  # fmt: skip

    def _store(self, holders: Tokens, values: Tokens, node: Node) -> None:
        """Storage `holders` comes to refer to `values`."""
        for holder in holders:
            if not isinstance(holder, int):
                self._add(self.contents, holder, values)
                continue
            for value in values:
                if isinstance(value, int):
                    if value not in (holder, STATIC) and value != inside(holder):
                        self.summary.stores.add((value, holder))
                elif self.report:
                    self.program.refuse(
                        node,
                        f"{self._name(value)} ends with this function, and is stored in what outlives it",
                        "store a copy, or keep it in module state",
                    )

    def _check_name(self, node: Assign, variable: LocalVariable) -> None:
        if self.reuse is None or not self.report or variable.owns or not is_reference(variable.type):
            return
        for token in self.origins(node.value):
            if not self.reuse.name_is_safe(variable, node, token):
                advice = "keep its bytes in an Array[u8, N]" if variable.type == TEXT else "write copy(...)"
                self.program.refuse(
                    node, f"{variable.name} names {self._name(token)}, whose storage is used again for another", advice
                )

    def _check_holder(self, holders: Tokens, values: Tokens, node: Assign) -> None:
        if self.reuse is None or not self.report:
            return
        for holder in holders:
            for token in values:
                if not isinstance(holder, int) and not self.reuse.holder_is_safe(holder, node.value, token):
                    self.program.refuse(
                        node,
                        f"{self._name(token)} is stored, and its storage is used again for another",
                        "keep such things in an Array",
                    )

    def _name(self, token: Token) -> str:
        if isinstance(token, LocalVariable):
            return token.name if not token.name.startswith(".") else "a value made here"
        return "the text of this f-string" if isinstance(token, FormattedText) else "a value made here"

    # --- expressions --------------------------------------------------------------------------------------------------

    def origins(self, value: Expression) -> Tokens:
        """What the value of an expression may point into."""
        match value:
            case Make() | MakeArray() | Copy():
                return self._made(value)
            case Call():
                return self._called(value, value.function, value.arguments)
            case CallValue():
                assert isinstance(value.callee.type, FunctionType)
                found = [self._called(value, f, value.arguments) for f in self.program.values[value.callee.type]]
                return NONE.union(*found)
            case Local():
                return frozenset([value.variable]) if value.variable.owns else self.variables[value.variable]
            case Let():
                return self.origins(value.body)
        if not is_reference(value.type):
            return NONE
        match value:
            case Global():
                return frozenset([STATIC])
            case FieldOf():
                base = self.origins(value.base)
                return base if is_aggregate(value.field.type) else self._inside(base)
            case Index():
                base = self.origins(value.base)
                return (
                    base if value.base.type == TEXT or is_aggregate(_element(value.base.type)) else self._inside(base)
                )
            case SliceOf() | TupleItem():
                return self.origins(value.base)
            case Convert():
                return self.origins(value.operand)
            case Choice():
                return self.origins(value.then) | self.origins(value.other)
            case MakeTuple():
                return NONE.union(*(self.origins(v) for v in value.values))
            case FormattedText() | ErrorField():
                return frozenset([value])
        return NONE

    def _inside(self, tokens: Tokens) -> Tokens:
        """What storage of these origins may refer to: at least as long-lived as itself, for what came from outside."""
        result: set[Token] = set()
        for token in tokens:
            result |= {inside(token)} if isinstance(token, int) else self.contents[token]
        return frozenset(result)

    def _held(self, type_: Type, value: Expression) -> Tokens:
        """What storage of `type_` refers to when `value` is put into it."""
        found = self.origins(value)
        if is_aggregate(type_):
            return self._inside(found) if stores_references(type_) else NONE
        return found if is_reference(type_) else NONE

    def _made(self, value: Make | MakeArray | Copy) -> Tokens:
        if isinstance(value, Copy):
            self._add(self.contents, value, self._inside(self.origins(value.operand)))
        elif isinstance(value, Make):
            for field, part in value.values:
                self._add(self.contents, value, self._held(field.type, part))
            if value.init is not None:
                self._apply(value.init, [frozenset([value]), *(self.origins(a) for a in value.arguments)], value)
        else:
            assert isinstance(value.type, ArrayType)
            for part in value.values:
                self._add(self.contents, value, self._held(value.type.element, part))
        return frozenset([value])

    def _called(self, node: Call | CallValue, function: Function, arguments: list[Expression]) -> Tokens:
        given = [self.origins(a) for a in arguments]
        self._apply(function, given, node)
        if not is_reference(function.type.result):
            return NONE
        found: set[Token] = set()
        for number in self.program.summaries[function].returned:
            found |= self._given(number, given)
        if function.makes_result:
            self._add(self.contents, node, frozenset(found))
            return frozenset([node])
        return frozenset(found)

    def _apply(self, function: Function, given: list[Tokens], node: Node) -> None:
        """What a call stores."""
        for source, holder in self.program.summaries[function].stores:
            self._store(self._given(holder, given), self._given(source, given), node)

    def _given(self, number: int, given: list[Tokens]) -> Tokens:
        """What a number of a summary means for these arguments."""
        if number == STATIC:
            return frozenset([STATIC])
        return given[number] if number >= 0 else self._inside(given[FIRST_INSIDE - number])


def _element(type_: Type) -> Type:
    return type_.element if isinstance(type_, ArrayType | SliceType) else type_


def _stored(target: Expression) -> Type:
    """The type of the storage that is assigned to."""
    if isinstance(target, FieldOf):
        return target.field.type
    if isinstance(target, Index):
        return _element(target.base.type)
    assert isinstance(target, Global) and target.global_.type is not None
    return target.global_.type
