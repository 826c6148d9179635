"""Intrinsics in the lowering: what the compiler itself implements, from single instructions to searches in text."""

from __future__ import annotations

from atoll.compiler.intrinsics import Intrinsic as Instruction
from atoll.compiler.lower.layout import VIEW, quoted
from atoll.compiler.lower.printing import Printing
from atoll.compiler.symbols import EnumDecl
from atoll.compiler.tree import FunctionValue, Intrinsic
from atoll.compiler.types import U8, Int, OptionalType, SliceType, Type, is_aggregate


class Intrinsics(Printing):
    """The layer of intrinsics."""

    def intrinsic(self, node: Intrinsic) -> str:
        """The operand of any intrinsic."""
        name = node.name
        match name:
            case "instruction":
                return self._instruction(node)
            case "size of":
                assert isinstance(node.detail, Type)
                return self.layout.size(node.detail)
            case "address of":
                return self._address_of(node)
            case "is none":
                return self._is_none(node)
        operands = [self.value(a) for a in node.arguments]
        types = [a.type for a in node.arguments]
        match name:
            case "power":
                assert isinstance(node.type, Int)
                return self.power(node.type, operands[0], operands[1], types[1])
            case "enum name":
                assert isinstance(node.detail, EnumDecl)
                return self.temp(f"call {VIEW} {self.module.enum_names(node.detail)}(i64 {operands[0]})")
            case "enum of":
                return self._enum_of(node, operands[0])
            case "ord":
                return self._ord(operands[0])
            case "find" | "find text":
                found = self.runtime("find_bytes", f"{VIEW} {operands[0]}, {VIEW} {operands[1]}")
                return found if name == "find" else self.temp(f"icmp sge i64 {found}, 0")
            case "startswith" | "endswith":
                return self._affix(name, operands[0], operands[1])
            case "contains":
                return self._contains(node, operands[0], operands[1])
        return self._memory(name, operands)

    def _instruction(self, node: Intrinsic) -> str:
        assert isinstance(node.detail, tuple)
        symbol, instruction = node.detail
        assert isinstance(instruction, Instruction)
        result = {0: "void", 1: "i64", 2: "{ i64, i64 }"}[instruction.results]
        arguments = ", ".join(f"i64 {self.value(a)}" for a in node.arguments)
        self.module.need(symbol, result, ", ".join(["i64"] * instruction.arguments))
        call = f"{'notail ' if instruction.reads_frame else ''}call {result} @{quoted(symbol)}({arguments})"
        if result == "void":
            self.emit(call)
            return ""
        return self.temp(call)

    def _memory(self, name: str, operands: list[str]) -> str:
        if name in ("view", "text_at"):
            return self.view(self.temp(f"inttoptr i64 {operands[0]} to ptr"), operands[1])
        address = self.temp(f"inttoptr i64 {operands[0]} to ptr")
        if name == "at":
            return address
        if name == "copy memory":
            source = self.temp(f"inttoptr i64 {operands[1]} to ptr")
            self.move_bytes(address, source, operands[2])
            return ""
        if name.startswith("load"):
            # Volatile: device registers live here too, and each access counts.
            return self.temp(f"load volatile i{name[4:]}, ptr {address}")
        if name.startswith("store"):
            self.emit(f"store volatile i{name[5:]} {operands[1]}, ptr {address}")
            return ""
        assert name == "call address", name
        return self.temp(f"call i64 {address}({', '.join(f'i64 {o}' for o in operands[1:])})")

    def _address_of(self, node: Intrinsic) -> str:
        operand = node.arguments[0]
        if isinstance(operand, FunctionValue):
            pointer = self.module.symbol(operand.function)
        elif is_aggregate(operand.type):
            pointer = self.value(operand)
        else:
            pointer = self.temp(f"extractvalue {VIEW} {self.value(operand)}, 0")
        return self.temp(f"ptrtoint ptr {pointer} to i64")

    def _is_none(self, node: Intrinsic) -> str:
        operand = node.arguments[0]
        assert isinstance(operand.type, OptionalType)
        return self.temp(f"xor i1 {self.is_some(self.value(operand), operand.type)}, true")

    def is_some(self, operand: str, type_: Type) -> str:
        """Whether an optional has a value; given by the layer above."""
        raise AssertionError(operand, type_)

    def _enum_of(self, node: Intrinsic, value: str) -> str:
        assert isinstance(node.detail, EnumDecl)
        kind = self.layout.value(node.arguments[0].type)
        ok = "false"
        for number in sorted(set(node.detail.members.values())):
            ok = self.temp(f"or i1 {ok}, {self.temp(f'icmp eq {kind} {value}, {number}')}")
        self.require(ok, "ValueError", value)
        return value

    def _ord(self, text: str) -> str:
        """The number of the one character of a text (UTF-8 decoded by the run-time library)."""
        return self.checked_runtime("ord_of", f"{VIEW} {text}")

    def _affix(self, name: str, text: str, other: str) -> str:
        length = self.temp(f"extractvalue {VIEW} {text}, 1")
        wanted = self.temp(f"extractvalue {VIEW} {other}, 1")
        base = self.temp(f"extractvalue {VIEW} {text}, 0")
        enough = self.temp(f"icmp uge i64 {length}, {wanted}")
        count = self.temp(f"select i1 {enough}, i64 {wanted}, i64 0")
        if name == "endswith":
            base = self.temp(f"getelementptr i8, ptr {base}, i64 {self.temp(f'sub i64 {length}, {count}')}")
        equal = self.runtime("text_equal", f"{VIEW} {self.view(base, count)}, {VIEW} {other}")
        return self.temp(f"and i1 {equal}, {enough}")

    def _contains(self, node: Intrinsic, view: str, value: str) -> str:
        """`value in view`: a loop over the elements."""
        kind = node.arguments[0].type
        element: Type = kind.element if isinstance(kind, SliceType) else _byte()
        storage = self.layout.storage(element)
        base, length = (self.temp(f"extractvalue {VIEW} {view}, {i}") for i in (0, 1))
        position, found = self.alloca("i64"), self.alloca("i1")
        self.emit(f"store i64 0, ptr {position}")
        self.emit(f"store i1 false, ptr {found}")
        head, body, hit, miss, done = (self.label(n) for n in ("search", "look", "hit", "miss", "searched"))
        self.start(head)
        i = self.temp(f"load i64, ptr {position}")
        self.branch(self.temp(f"icmp ult i64 {i}, {length}"), body, done)
        self.start_after(body)
        item = self.temp(f"load {storage}, ptr {self.temp(f'getelementptr inbounds {storage}, ptr {base}, i64 {i}')}")
        self.branch(self.compare("==", item, element, value, node.arguments[1].type), hit, miss)
        self.start_after(hit)
        self.emit(f"store i1 true, ptr {found}")
        self.jump(done)
        self.start_after(miss)
        self.emit(f"store i64 {self.temp(f'add i64 {i}, 1')}, ptr {position}")
        self.jump(head)
        self.start_after(done)
        return self.temp(f"load i1, ptr {found}")


def _byte() -> Type:
    return U8
