"""Loops: `while`, and `for` over ranges and sequences; `match`, which becomes a chain of conditions."""

from __future__ import annotations

import ast

from atoll.compiler.check.assignments import Assignments
from atoll.compiler.check.operators import interval
from atoll.compiler.tree import (
    Block,
    Break,
    Constant,
    Continue,
    Expression,
    ForRange,
    If,
    Index,
    Local,
    Logic,
    MakeArray,
    Statement,
    TupleItem,
    While,
)
from atoll.compiler.types import (
    BOOL,
    I64,
    LITERAL,
    ArrayType,
    Int,
    RefType,
    StructType,
    TupleType,
    Type,
    an,
    element_type,
    is_aggregate,
)


class Loops(Assignments):
    """The layer of loops and patterns."""

    def leave_loop(self, node: ast.Break | ast.Continue) -> Statement:
        """`break` and `continue`."""
        if not self.loops:
            raise self.refuse(node, f"{'break' if isinstance(node, ast.Break) else 'continue'} outside a loop")
        if isinstance(node, ast.Break):
            self.loops[-1].append(self.assigned)
            self.assigned = None
            return Break(self.at(node))
        self.assigned = None
        return Continue(self.at(node))

    def _loop(self, node: ast.While | ast.For, forever: bool) -> tuple[list[Statement], list[Statement]]:
        """Body and else part, with what has a value afterwards."""
        before = self.copy_assigned()
        self.loops.append([])
        body = self.block(node.body)
        breaks = self.loops.pop()
        self.assigned = None if forever else before
        orelse = self.block(node.orelse)
        for assigned in breaks:
            self.assigned = self.join(self.assigned, assigned)
        return body, orelse

    def while_loop(self, node: ast.While) -> Statement:
        """`while condition: ... else: ...`."""
        condition = self.condition(node.test)
        forever = isinstance(condition, Constant) and bool(condition.value)
        body, orelse = self._loop(node, forever)
        return While(self.at(node), condition, body, orelse)

    def for_loop(self, node: ast.For) -> Statement:
        """`for target in iterable`."""
        match node.iter:
            case ast.Call(ast.Name("range")) if not self._is_known("range"):
                return self._for_range(node, node.iter)
            case ast.Call(ast.Name("enumerate"), [sequence], []) if not self._is_known("enumerate"):
                return self._for_sequence(node, sequence, counted=True)
            case ast.Call(ast.Name("enumerate")) if not self._is_known("enumerate"):
                raise self.refuse(node.iter, "enumerate takes one sequence", "add the first number yourself")
            case ast.Call(ast.Name("reversed")) if not self._is_known("reversed"):
                raise self.refuse(node.iter, "reversed is not supported", "write range(n - 1, -1, -1)")
            case ast.Tuple(elements) | ast.List(elements):
                return self._for_display(node, elements)
        return self._for_sequence(node, node.iter, counted=False)

    def _is_known(self, name: str) -> bool:
        """Whether the program gives one of Python's names a meaning of its own."""
        return name in self.module.names or name in self.locals

    # --- ranges -------------------------------------------------------------------------------------------------------

    def _for_range(self, node: ast.For, call: ast.Call) -> Statement:
        if not 1 <= len(call.args) <= 3 or call.keywords:
            raise self.refuse(call, "a range has one to three numbers")
        if not isinstance(node.target, ast.Name):
            raise self.refuse(node.target, "one variable runs through a range", "assign to others in the loop")
        old = self.locals.get(node.target.id)
        wanted = old.type if old is not None else None
        values = [self.unwrap(self.expression(a, wanted)) for a in call.args]
        step = self._step(values.pop(), call) if len(values) == 3 else 1
        start, stop = values if len(values) == 2 else (Constant(self.at(call), LITERAL, 0), values[0])
        start, stop, type_ = self._range_type(start, stop, wanted, step, call)
        hidden = self.temporary(type_)
        if old is None:
            self.variable(node.target.id, type_)
        before = self.copy_assigned()
        set_variable = self.assign_to(node.target, Local(self.at(node.target), type_, hidden))
        variable = self.locals.get(node.target.id)
        if variable is not None:
            variable.bounds = _bounds(start, stop, step)
        body, orelse = self._loop_with(node, before)
        if variable is not None:
            variable.bounds = None
        return ForRange(self.at(node), hidden, start, stop, step, [set_variable, *body], orelse)

    def _loop_with(self, node: ast.For, before: set[str] | None) -> tuple[list[Statement], list[Statement]]:
        """The body, in which the loop's variables have values; afterwards they have none unless they had `before`."""
        self.loops.append([])
        body = self.block(node.body)
        breaks = self.loops.pop()
        self.assigned = before
        orelse = self.block(node.orelse)
        for assigned in breaks:
            self.assigned = self.join(self.assigned, assigned)
        return body, orelse

    def _step(self, value: Expression, node: ast.AST) -> int:
        if not isinstance(value, Constant) or not isinstance(value.value, int) or value.value == 0:
            raise self.refuse(node, "the step of a range is a constant other than 0", "write a while loop")
        return int(value.value)

    def _range_type(
        self, start: Expression, stop: Expression, wanted: Type | None, step: int, node: ast.AST
    ) -> tuple[Expression, Expression, Type]:
        if isinstance(wanted, Int) and start.type == LITERAL and stop.type == LITERAL:
            type_: Type = wanted
        else:
            for end in (start, stop):
                if not isinstance(end.type, Int) and end.type != LITERAL:
                    raise self.refuse(node, f"a range is of integers, not of {end.type}")
            start, stop = self.unify(start, stop, node)
            type_ = start.type
        if not isinstance(type_, Int):
            raise self.refuse(node, f"a range is of integers, not of {type_}")
        if step < 0 and not type_.signed:
            # range(n - 1, -1, -1) runs through -1, which no unsigned type holds.
            type_ = I64
        return self.coerce(start, type_, node), self.coerce(stop, type_, node), type_

    # --- sequences ----------------------------------------------------------------------------------------------------

    def _for_sequence(self, node: ast.For, iterable: ast.expr, counted: bool) -> Statement:
        sequence = self.unwrap(self.value(iterable))
        target: ast.expr = node.target
        index_target: ast.expr | None = None
        if counted:
            if not isinstance(target, ast.Tuple) or len(target.elts) != 2:
                raise self.refuse(target, "enumerate gives two values", "write: for i, x in enumerate(...)")
            index_target, target = target.elts
        holder = self.temporary(sequence.type)
        view = Local(sequence.at, sequence.type, holder)
        keep = self.assign_variable(holder, sequence)
        hidden = self.temporary(I64)
        element = self._element(view, Local(self.at(node), I64, hidden), iterable)
        count = self.length(view, iterable)
        before = self.copy_assigned()
        starts: list[Statement] = []
        if index_target is not None:
            starts.append(self.assign_to(index_target, Local(self.at(node), I64, hidden)))
        starts.append(self.assign_to(target, element))
        body, orelse = self._loop_with(node, before)
        stop = self.coerce(count, I64, iterable)
        zero = Constant(self.at(node), I64, 0)
        return Block(self.at(node), [keep, ForRange(self.at(node), hidden, zero, stop, 1, [*starts, *body], orelse)])

    def _element(self, view: Expression, index: Expression, node: ast.expr) -> Expression:
        if isinstance(view.type, StructType):
            return self.call_method(view, "__getitem__", [index], node)
        element = element_type(view.type)
        if element is None:
            raise self.refuse(
                node,
                f"{an(view.type)} cannot be run through",
                "an array, slice, text, bytes, range, or an object with __len__ and __getitem__ can",
            )
        return Index(view.at, element.inner if isinstance(element, RefType) else element, view, index)

    def _for_display(self, node: ast.For, elements: list[ast.expr]) -> Statement:
        """`for x in (1, 2, 3)`: an array in the frame."""
        values = [self.expression(e) for e in elements]
        if not values:
            raise self.refuse(node, "this loop never runs")
        first = next((v for v in values if v.type != LITERAL), values[0])
        type_ = self.settle(first, elements[0]).type
        # Structures are not copied: the loop's variable names each itself.
        stored = RefType(type_) if is_aggregate(type_) else type_
        parts = [self.coerce(v, stored, e) for v, e in zip(values, elements, strict=True)]
        array = MakeArray(self.at(node.iter), ArrayType(stored, len(values)), parts)
        holder = self.temporary(array.type)
        keep = self.assign_variable(holder, array)
        hidden = self.temporary(I64)
        index = Local(self.at(node), I64, hidden)
        before = self.copy_assigned()
        start = self.assign_to(
            node.target, Index(self.at(node), type_, Local(self.at(node), array.type, holder), index)
        )
        body, orelse = self._loop_with(node, before)
        bounds = Constant(self.at(node), I64, 0), Constant(self.at(node), I64, len(values))
        return Block(self.at(node), [keep, ForRange(self.at(node), hidden, *bounds, 1, [start, *body], orelse)])

    # --- match --------------------------------------------------------------------------------------------------------

    def match_statement(self, node: ast.Match) -> Statement:
        """`match`: conditions tried in order."""
        subject = self.unwrap(self.value(node.subject))
        holder = self.temporary(subject.type)
        keep = self.assign_variable(holder, subject)
        chain = self._cases(node.cases, Local(subject.at, subject.type, holder), node)
        return Block(self.at(node), [keep, *chain])

    def _cases(self, cases: list[ast.match_case], subject: Expression, node: ast.AST) -> list[Statement]:
        if not cases:
            return []
        case, *rest = cases
        captures: list[tuple[ast.AST, str, Expression]] = []
        condition: Expression = Constant(self.at(case.pattern), BOOL, False)
        with self.recover():
            condition = self._pattern(case.pattern, subject, captures)
        before = self.copy_assigned()
        binds: list[Statement] = []
        for pattern, name, value in captures:
            binds.append(self.assign_to(ast.copy_location(ast.Name(name), pattern), value))
        guard = self.condition(case.guard) if case.guard is not None else None
        body = self.block(case.body)
        after = self.assigned
        self.assigned = before
        if guard is None and isinstance(condition, Constant) and condition.value:
            self.assigned = after
            return [*binds, *body]
        orelse = self._cases(rest, subject, node)
        self.assigned = self.join(after, self.assigned)
        at = self.at(case.pattern)
        if guard is None:
            return [If(at, condition, [*binds, *body], orelse)]
        if not binds:
            return [If(at, Logic(at, BOOL, "and", [condition, guard]), body, orelse)]
        # The guard sees the captures; when it fails the next cases are tried.
        done = self.temporary(BOOL)
        flag = Local(at, BOOL, done)
        clear = self.assign_variable(done, Constant(at, BOOL, False))
        mark = self.assign_variable(done, Constant(at, BOOL, True))
        first = If(at, condition, [*binds, If(at, guard, [mark, *body], [])], [])
        return [clear, first, If(at, flag, [], orelse)]

    def _pattern(
        self, pattern: ast.pattern, subject: Expression, captures: list[tuple[ast.AST, str, Expression]]
    ) -> Expression:
        at = self.at(pattern)
        match pattern:
            case ast.MatchValue(value):
                return self.compare("==", subject, self.expression(value, subject.type), pattern)
            case ast.MatchSingleton(value):
                return self.compare("is" if value is None else "==", subject, Constant(at, BOOL, value), pattern)
            case ast.MatchOr(patterns):
                for part in ast.walk(pattern):
                    if isinstance(part, ast.MatchAs) and part.name is not None:
                        raise self.refuse(part, "a name inside | is not supported", "write two cases")
                return Logic(at, BOOL, "or", [self._pattern(p, subject, captures) for p in patterns])
            case ast.MatchAs(inner, name):
                test: Expression = (
                    Constant(at, BOOL, True) if inner is None else self._pattern(inner, subject, captures)
                )
                if name is not None:
                    captures.append((pattern, name, subject))
                return test
            case ast.MatchSequence(patterns) if isinstance(subject.type, TupleType) and len(patterns) == len(
                subject.type.elements
            ):
                tests = [self._pattern(p, TupleItem(at, t, subject, i), captures)
                         for i, (p, t) in enumerate(zip(patterns, subject.type.elements, strict=True))]  # fmt: skip
                tests = [t for t in tests if not (isinstance(t, Constant) and t.value)]
                return Logic(at, BOOL, "and", tests) if tests else Constant(at, BOOL, True)
        raise self.refuse(
            pattern, "this pattern is not supported", "constants, enum members, |, names, _ and tuples of these are"
        )


def _bounds(start: Expression, stop: Expression, step: int) -> tuple[int, int] | None:
    """The least and largest value of a range whose ends are known."""
    first, last = interval(start), interval(stop)
    if first is None or last is None:
        return None
    return (first[0], max(last[1] - 1, first[0])) if step > 0 else (min(last[0] + 1, first[1]), first[1])
