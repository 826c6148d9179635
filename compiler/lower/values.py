"""Expressions in the lowering: one method for each kind of node of the typed tree."""

from __future__ import annotations

from atoll.compiler.lower.intrinsics import Intrinsics
from atoll.compiler.tree import (
    Binary,
    Call,
    CallValue,
    Choice,
    Compare,
    Constant,
    Convert,
    Copy,
    ErrorField,
    Expression,
    FieldOf,
    FormattedText,
    Function,
    FunctionValue,
    Global,
    Index,
    Intrinsic,
    Length,
    Let,
    Local,
    Logic,
    Make,
    MakeArray,
    MakeTuple,
    SliceOf,
    TupleItem,
    Unary,
)
from atoll.compiler.types import (
    BOOL,
    FLOAT,
    NEVER,
    ArrayType,
    EnumType,
    FunctionType,
    Int,
    OptionalType,
    RefType,
    SliceType,
    Type,
    is_aggregate,
)


class Values(Intrinsics):
    """The layer of expressions. A fresh structure or array is made in `into`, or in new storage of the frame."""

    def value(self, expression: Expression, into: str | None = None) -> str:
        """The operand of an expression; for structures and arrays the address."""
        outer = self.here
        self.locate(expression.at)
        result = self._value(expression, into)
        self.locate(outer)
        return result

    def _value(self, expression: Expression, into: str | None) -> str:
        kind = type(expression).__name__
        method = getattr(self, f"_lower_{kind.lower()}", None)
        operand = method(expression) if method else getattr(self, f"_make_{kind.lower()}")(expression, into)
        assert isinstance(operand, str)
        return operand

    # --- simple ones --------------------------------------------------------------------------------------------------

    def _lower_constant(self, node: Constant) -> str:
        return self.module.constant(node.type, node.value)

    def _lower_local(self, node: Local) -> str:
        slot = self.variable(node.variable)
        if node.variable.owns or (node.variable.type != node.type and is_aggregate(node.type)):
            return slot
        return self.temp(f"load {self.layout.value(node.variable.type)}, ptr {slot}")

    def _lower_global(self, node: Global) -> str:
        return self.load_place(node)

    def load_place(self, node: Global | FieldOf) -> str:
        """What a module variable or a field holds."""
        stored = node.global_.type if isinstance(node, Global) else node.field.type
        assert stored is not None
        address = self.address(node)
        if isinstance(stored, RefType):
            return self.temp(f"load ptr, ptr {address}")
        return self.load(stored, address)

    def _lower_fieldof(self, node: FieldOf) -> str:
        return self.load_place(node)

    def _lower_functionvalue(self, node: FunctionValue) -> str:
        return self.module.symbol(node.function)

    def _lower_index(self, node: Index) -> str:
        if isinstance(node.base.type, ArrayType | SliceType) and isinstance(node.base.type.element, RefType):
            return self.temp(f"load ptr, ptr {self.address(node)}")
        return self.index(node)

    def _lower_sliceof(self, node: SliceOf) -> str:
        return self.slice(node)

    def _lower_length(self, node: Length) -> str:
        return self.view_parts(node.base)[1]

    def _lower_errorfield(self, node: ErrorField) -> str:
        return self.error_field(node)

    def _lower_formattedtext(self, node: FormattedText) -> str:
        return self.formatted(node)

    # --- operators ----------------------------------------------------------------------------------------------------

    def _lower_binary(self, node: Binary) -> str:
        a, b = self.value(node.left), self.value(node.right)
        if node.type == FLOAT:
            return self.float_operation(node.op, a, b)
        if isinstance(node.type, EnumType) or node.type == BOOL:
            word = {"&": "and", "|": "or", "^": "xor"}[node.op]
            return self.temp(f"{word} {self.layout.value(node.type)} {a}, {b}")
        assert isinstance(node.type, Int)
        return self.integer_operation(node.op, node.type, a, b, node.wraps, node.right.type)

    def _lower_unary(self, node: Unary) -> str:
        operand = self.value(node.operand)
        if node.op == "not":
            return self.temp(f"xor i1 {operand}, true")
        if node.op == "~":
            return self.temp(f"xor {self.layout.value(node.type)} {operand}, -1")
        return self.negate(node.type, operand)

    def _lower_compare(self, node: Compare) -> str:
        a, b = self.value(node.left), self.value(node.right)
        if node.op == "is":
            return self.temp(f"icmp eq ptr {a}, {b}")
        return self.compare(node.op, a, node.left.type, b, node.right.type)

    def _lower_logic(self, node: Logic) -> str:
        result = self.alloca("i1")
        done = self.label("logic")
        for position, operand in enumerate(node.operands):
            value = self.value(operand)
            self.emit(f"store i1 {value}, ptr {result}")
            if position + 1 < len(node.operands):
                more = self.label("more")
                self.branch(value, *((more, done) if node.op == "and" else (done, more)))
                self.start_after(more)
        self.start(done)
        return self.temp(f"load i1, ptr {result}")

    def _make_choice(self, node: Choice, into: str | None) -> str:
        kind = self.layout.value(node.type)
        result = self.alloca(kind)
        then, other, done = self.label("then"), self.label("else"), self.label("chosen")
        self.branch(self.value(node.condition), then, other)
        for label, value in ((then, node.then), (other, node.other)):
            self.start_after(label)
            self.emit(f"store {kind} {self.value(value, into)}, ptr {result}")
            self.jump(done)
        self.start_after(done)
        return self.temp(f"load {kind}, ptr {result}")

    def _make_let(self, node: Let, into: str | None) -> str:
        self.assign_local(node.target.variable, node.value)
        return self.value(node.body, into)

    def assign_local(self, variable: object, value: Expression) -> None:
        """Set a local variable; given by the layer of statements."""
        raise AssertionError(variable, value)

    # --- conversions --------------------------------------------------------------------------------------------------

    def _lower_convert(self, node: Convert) -> str:
        found, wanted = node.operand.type, node.type
        if node.kind == "view" and isinstance(found, ArrayType):
            return self.view(self.value(node.operand), str(found.count))
        operand = self.value(node.operand)
        match node.kind:
            case "int":
                assert isinstance(wanted, Int)
                return self.to_integer(operand, found, wanted)
            case "cut":
                assert isinstance(wanted, Int) and isinstance(found, Int)
                return self.resize(operand, found, wanted)
            case "float":
                return self.to_float(operand, found)
            case "some" if not is_aggregate(node.operand.type):
                kind = self.layout.value(wanted)
                half = self.temp(f"insertvalue {kind} zeroinitializer, {self.layout.value(found)} {operand}, 0")
                return self.temp(f"insertvalue {kind} {half}, i1 true, 1")
            case "unwrap":
                return self._unwrap(operand, found)
            case "truth":
                return self.truth(operand, found)
        return operand  # same representation

    def is_some(self, operand: str, type_: Type) -> str:
        """Whether an optional has a value."""
        kind = self.layout.value(type_)
        if kind == "ptr":
            return self.temp(f"icmp ne ptr {operand}, null")
        return self.temp(f"extractvalue {kind} {operand}, 1")

    def _unwrap(self, operand: str, found: Type) -> str:
        assert isinstance(found, OptionalType)
        self.require(self.is_some(operand, found), "AttributeError")
        kind = self.layout.value(found)
        return operand if kind == "ptr" else self.temp(f"extractvalue {kind} {operand}, 0")

    def truth(self, operand: str, found: Type) -> str:
        """Python's truth of a value."""
        if isinstance(found, OptionalType):
            return self.is_some(operand, found)
        if isinstance(found, Int | EnumType):
            return self.temp(f"icmp ne {self.layout.value(found)} {operand}, 0")
        if found == FLOAT:
            return self.temp(f"fcmp une double {operand}, 0.0")
        if isinstance(found, ArrayType):
            return "true"
        length = self.temp(f"extractvalue {{ ptr, i64 }} {operand}, 1")
        return self.temp(f"icmp ne i64 {length}, 0")

    # --- aggregates ---------------------------------------------------------------------------------------------------

    def storage_for(self, type_: Type, into: str | None) -> str:
        """Where a fresh structure or array is made."""
        return into if into is not None else self.alloca(self.layout.storage(type_))

    def _make_make(self, node: Make, into: str | None) -> str:
        target = self.storage_for(node.type, into)
        struct = self.layout.storage(node.type)
        values = [(field, self.value(value)) for field, value in node.values]
        arguments = [self.argument(a) for a in node.arguments]
        self.clear_storage(node.type, target)
        for (field, operand), (_, value) in zip(values, node.values, strict=True):
            place = self.temp(f"getelementptr inbounds {struct}, ptr {target}, i32 0, i32 {field.index}")
            self.store(field.type, operand, place, value)
        if node.init is not None:
            self.call(node.init, [f"ptr {target}", *arguments], None)
        return target

    def store(self, type_: Type, operand: str, place: str, value: Expression) -> None:
        """Put a value into storage; a structure or array is copied."""
        del value
        if is_aggregate(type_):
            if operand != place:
                self.copy_storage(type_, place, operand)
        else:
            self.emit(f"store {self.layout.value(type_)} {operand}, ptr {place}")

    def _make_makearray(self, node: MakeArray, into: str | None) -> str:
        assert isinstance(node.type, ArrayType)
        element = node.type.element
        values = [self.value(v) for v in node.values]
        target = self.storage_for(node.type, into)
        if not values:
            self.clear_storage(node.type, target)
        for position, operand in enumerate(values):
            place = self.temp(f"getelementptr inbounds {self.layout.storage(element)}, ptr {target}, i64 {position}")
            self.store(element, operand, place, node.values[position])
        return target

    def _make_copy(self, node: Copy, into: str | None) -> str:
        source = self.value(node.operand)
        target = self.storage_for(node.type, into)
        self.copy_storage(node.type, target, source)
        return target

    def _lower_maketuple(self, node: MakeTuple) -> str:
        kind = self.layout.value(node.type)
        result = "poison"
        for position, value in enumerate(node.values):
            operand = f"{self.layout.value(value.type)} {self.value(value)}"
            result = self.temp(f"insertvalue {kind} {result}, {operand}, {position}")
        return result if node.values else "zeroinitializer"

    def _lower_tupleitem(self, node: TupleItem) -> str:
        return self.temp(f"extractvalue {self.layout.value(node.base.type)} {self.value(node.base)}, {node.index}")

    # --- calls --------------------------------------------------------------------------------------------------------

    def argument(self, value: Expression) -> str:
        """An argument with its type."""
        return f"{self.layout.value(value.type)} {self.value(value)}"

    def _make_call(self, node: Call, into: str | None) -> str:
        arguments = [self.argument(a) for a in node.arguments]
        self.locate(node.at)
        return self.call(node.function, arguments, into)

    def call(self, function: Function, arguments: list[str], into: str | None) -> str:
        """Call a function and test its error; the result's operand."""
        target = ""
        if function.makes_result:
            target = self.storage_for(function.type.result, into)
            arguments = [f"ptr {target}", *arguments]
        result = self._called(
            self.module.symbol(function), function.can_raise, function.type, function.makes_result, arguments
        )
        if function.type.result == NEVER:
            self.end("unreachable")
            self.start_after(self.label("dead"))
        return target or result

    def _called(self, callee: str, can_raise: bool, type_: FunctionType, makes: bool, arguments: list[str]) -> str:
        nothing = makes or self.layout.value(type_.result) == "void"
        value = "void" if nothing else self.layout.value(type_.result)
        kind = value if not can_raise else "i64" if nothing else f"{{ {value}, i64 }}"
        text = f"call {kind} {callee}({', '.join(arguments)})"
        if kind == "void":
            self.emit(text)
            return ""
        result = self.temp(text)
        if not can_raise:
            return result
        self.after_call(result if nothing else self.temp(f"extractvalue {kind} {result}, 1"))
        return "" if nothing else self.temp(f"extractvalue {kind} {result}, 0")

    def _lower_callvalue(self, node: CallValue) -> str:
        assert isinstance(node.callee.type, FunctionType)
        callee = self.value(node.callee)
        arguments = [self.argument(a) for a in node.arguments]
        self.locate(node.at)
        return self._called(callee, True, node.callee.type, False, arguments)

    def _lower_intrinsic(self, node: Intrinsic) -> str:
        return self.intrinsic(node)
