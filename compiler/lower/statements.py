"""Statements in the lowering: control flow, and what has to run before control leaves a `finally`."""

from __future__ import annotations

from atoll.compiler.lower.layout import VIEW
from atoll.compiler.lower.values import Values
from atoll.compiler.tree import (
    Assert,
    Assign,
    AssignSlice,
    Block,
    Break,
    Continue,
    Evaluate,
    Expression,
    FieldOf,
    ForRange,
    Global,
    If,
    Index,
    Local,
    LocalVariable,
    Make,
    MakeArray,
    Print,
    Return,
    Statement,
    While,
)
from atoll.compiler.types import ArrayType, Int, SliceType, Type, is_aggregate


class Statements(Values):
    """The layer of statements."""

    def setup(self) -> None:
        """Start with no loops and no pending `finally`."""
        # For each loop: labels of its continue and its break, and how many `finally` surround it.
        self.loops: list[tuple[str, str, int]] = []
        # The `finally` blocks around this statement: statements, and how many handlers and loops surround them.
        self.finals: list[tuple[list[Statement], int, int]] = []

    def block(self, statements: list[Statement]) -> None:
        """Statements in a row."""
        for statement in statements:
            if not self.open:
                return
            self.locate(statement.at)
            method = getattr(self, f"_do_{type(statement).__name__.lower()}")
            method(statement)

    def _do_block(self, node: Block) -> None:
        self.block(node.body)

    def _do_evaluate(self, node: Evaluate) -> None:
        self.value(node.value)

    def _do_print(self, node: Print) -> None:
        self.print(node)

    # --- assignment ---------------------------------------------------------------------------------------------------

    def _do_assign(self, node: Assign) -> None:
        if isinstance(node.target, Local):
            self.assign_local(node.target.variable, node.value)
            return
        if _is_zero(node.value) and is_aggregate(node.target.type):
            # Made in place: nothing of the old content can be an argument.
            self.value(node.value, self.address(node.target))
            return
        operand = self.value(node.value)
        self.locate(node.at)
        self.store(self._stored_type(node.target), operand, self.address(node.target), node.value)

    @staticmethod
    def _stored_type(target: Expression) -> Type:
        if isinstance(target, FieldOf):
            return target.field.type
        if isinstance(target, Index) and isinstance(target.base.type, ArrayType | SliceType):
            return target.base.type.element
        if isinstance(target, Global) and target.global_.type is not None:
            return target.global_.type
        return target.type

    def assign_local(self, variable: object, value: Expression) -> None:
        """Set a variable: a value, a name for a structure, or a structure made in the variable's own storage."""
        assert isinstance(variable, LocalVariable)
        slot = self.variable(variable)
        if not variable.owns:
            operand = self.value(value)
            self.emit(f"store {self.layout.value(variable.type)} {operand}, ptr {slot}")
        elif any(isinstance(n, Local) and n.variable is variable for n in value.walk()):
            # Its old content takes part in making the new.
            self.copy_storage(variable.type, slot, self.value(value))
        else:
            made = self.value(value, slot)
            if made != slot:
                self.copy_storage(variable.type, slot, made)

    def _do_assignslice(self, node: AssignSlice) -> None:
        source = self.value(node.value)
        target = self.value(node.target)
        parts = [self.temp(f"extractvalue {VIEW} {view}, {i}") for view in (target, source) for i in (0, 1)]
        assert isinstance(node.target.type, SliceType)
        self.require(self.temp(f"icmp eq i64 {parts[1]}, {parts[3]}"), "ValueError", parts[3], parts[1])
        size = self.temp(f"mul i64 {parts[1]}, {self.layout.size(node.target.type.element)}")
        self.move_bytes(parts[0], parts[2], size)

    # --- conditions and loops -----------------------------------------------------------------------------------------

    def _do_if(self, node: If) -> None:
        then, other, done = self.label("if"), self.label("else"), self.label("endif")
        self.branch(self.value(node.condition), then, other if node.orelse else done)
        self.start_after(then)
        self.block(node.body)
        if self.open:
            self.jump(done)
        if node.orelse:
            self.start_after(other)
            self.block(node.orelse)
            if self.open:
                self.jump(done)
        self.start_after(done)

    def _do_while(self, node: While) -> None:
        head, body, orelse, done = (self.label(n) for n in ("while", "body", "orelse", "done"))
        self.start(head)
        self.locate(node.at)
        self.branch(self.value(node.condition), body, orelse)
        self.start_after(body)
        self._loop_body(node.body, head, done)
        if self.open:
            self.jump(head)
        self.start_after(orelse)
        self.block(node.orelse)
        self.start_or_after(done)

    def start_or_after(self, label: str) -> None:
        """Begin a block that may or may not be fallen into."""
        if self.open:
            self.jump(label)
        self.start_after(label)

    def _loop_body(self, body: list[Statement], again: str, done: str) -> None:
        self.loops.append((again, done, len(self.finals)))
        self.block(body)
        self.loops.pop()

    def _do_forrange(self, node: ForRange) -> None:
        """Counts how often it runs before it starts, so that no bound and no step can overflow."""
        kind = self.layout.value(node.variable.type)
        assert isinstance(node.variable.type, Int)
        start, stop = self.value(node.start), self.value(node.stop)
        slot = self.variable(node.variable)
        left = self.alloca(kind)
        self.emit(f"store {kind} {start}, ptr {slot}")
        self.emit(f"store {kind} {self._trips(start, stop, node.step, node.variable.type)}, ptr {left}")
        head, body, step, orelse, done = (self.label(n) for n in ("for", "body", "step", "orelse", "done"))
        self.start(head)
        count = self.temp(f"load {kind}, ptr {left}")
        self.branch(self.temp(f"icmp ne {kind} {count}, 0"), body, orelse)
        self.start_after(body)
        self._loop_body(node.body, step, done)
        self.start_or_after(step)
        self.locate(node.at)
        again = self.temp(f"load {kind}, ptr {slot}")
        self.emit(f"store {kind} {self.temp(f'add {kind} {again}, {node.step}')}, ptr {slot}")
        rest = self.temp(f"load {kind}, ptr {left}")
        self.emit(f"store {kind} {self.temp(f'sub {kind} {rest}, 1')}, ptr {left}")
        self.jump(head)
        self.start_after(orelse)
        self.block(node.orelse)
        self.start_or_after(done)

    def _trips(self, start: str, stop: str, step: int, type_: Int) -> str:
        """How often the body runs, as an unsigned number of the same width."""
        kind = f"i{type_.bits}"
        low, high = (start, stop) if step > 0 else (stop, start)
        some = self.temp(f"icmp {'slt' if type_.signed else 'ult'} {kind} {low}, {high}")
        distance = self.temp(f"sub {kind} {high}, {low}")
        if abs(step) > 1:
            before_last = self.temp(f"udiv {kind} {self.temp(f'sub {kind} {distance}, 1')}, {abs(step)}")
            distance = self.temp(f"add {kind} {before_last}, 1")
        return self.temp(f"select i1 {some}, {kind} {distance}, {kind} 0")

    # --- leaving ------------------------------------------------------------------------------------------------------

    def run_finals(self, keep: int) -> None:
        """Run the `finally` blocks that are left, innermost first, each with the surroundings of its own `try`."""
        finals, handlers, loops = self.finals, self.handlers, self.loops
        for position in range(len(finals) - 1, keep - 1, -1):
            statements, handler_count, loop_count = finals[position]
            self.finals = finals[:position]
            self.handlers = handlers[:handler_count]
            self.loops = loops[:loop_count]
            self.block(statements)
        self.finals, self.handlers, self.loops = finals, handlers, loops

    def _do_break(self, _node: Break) -> None:
        _, done, keep = self.loops[-1]
        self.run_finals(keep)
        if self.open:
            self.jump(done)

    def _do_continue(self, _node: Continue) -> None:
        again, _, keep = self.loops[-1]
        self.run_finals(keep)
        if self.open:
            self.jump(again)

    def _do_return(self, node: Return) -> None:
        operand = ""
        if node.value is not None and self.function.makes_result:
            made = self.value(node.value, "%result")
            if made != "%result":
                self.copy_storage(self.function.type.result, "%result", made)
        elif node.value is not None:
            operand = self.value(node.value)
        self.run_finals(0)
        if self.open:
            self.leave(operand)

    def leave(self, operand: str) -> None:
        """Return without an error."""
        kind = self.module.result_type(self.function)
        if self.module.returns_nothing(self.function):
            self.end(f"ret {kind} 0" if self.function.can_raise else "ret void")
        elif self.function.can_raise:
            value = self.layout.value(self.function.type.result)
            self.end(f"ret {kind} {self.temp(f'insertvalue {kind} zeroinitializer, {value} {operand}, 0')}")
        else:
            self.end(f"ret {kind} {operand}")

    def _do_assert(self, node: Assert) -> None:
        if not self.checked:
            return
        with self.rarely(self.value(node.condition)):
            if node.text is None or self.function.checks == "trap":
                self.fail("AssertionError")
            else:
                self.raise_text(self.module.program.errors["AssertionError"].code, node.text)

    def raise_text(self, code: int, text: Expression) -> None:
        """Raise an error that says something."""
        operand = self.value(text)
        self.runtime("raise_text", f"i64 {code}, i32 {self.site()}, {VIEW} {operand}")
        self.go(str(code))


def _is_zero(value: Expression) -> bool:
    """Whether it makes a structure or array from nothing."""
    return (isinstance(value, Make) and not value.values and not value.arguments) or (
        isinstance(value, MakeArray) and not value.values
    )
