"""Arithmetic in the lowering: checked operations, Python's division and shifts, conversions of widths, comparisons."""

from __future__ import annotations

from atoll.compiler.analyse.raises import always_fits
from atoll.compiler.lower.failures import Failures
from atoll.compiler.types import BOOL, BYTES, FLOAT, I64, TEXT, EnumType, Int, Type, common_integer

_PLAIN = {"+": "add", "-": "sub", "*": "mul", "&": "and", "|": "or", "^": "xor"}
_FLOAT = {"+": "fadd", "-": "fsub", "*": "fmul", "/": "fdiv"}
_SIGNED = {"==": "eq", "!=": "ne", "<": "slt", "<=": "sle", ">": "sgt", ">=": "sge"}
_UNSIGNED = {"==": "eq", "!=": "ne", "<": "ult", "<=": "ule", ">": "ugt", ">=": "uge"}
_FLOATS = {"==": "oeq", "!=": "une", "<": "olt", "<=": "ole", ">": "ogt", ">=": "oge"}


class Arithmetic(Failures):
    """The layer of numbers. Operands are LLVM operands as text."""

    def _overflow(self, ok: str, type_: Int) -> None:
        self.require(ok, "OverflowError", str(type_.bits), "1" if type_.signed else "0")

    def integer_operation(self, op: str, type_: Int, a: str, b: str, wraps: bool, count: Type) -> str:
        """`a op b` of one integer type (`count`: the type of b if it counts bits)."""
        width = f"i{type_.bits}"
        if op in ("&", "|", "^") or (op in _PLAIN and (wraps or not self.checked)):
            return self.temp(f"{_PLAIN[op]} {width} {a}, {b}")
        if op in _PLAIN:
            name = f"llvm.{'s' if type_.signed else 'u'}{_PLAIN[op]}.with.overflow.{width}"
            self.module.need(name, f"{{ {width}, i1 }}", f"{width}, {width}")
            pair = self.temp(f"call {{ {width}, i1 }} @{name}({width} {a}, {width} {b})")
            failed = self.temp(f"extractvalue {{ {width}, i1 }} {pair}, 1")
            self._overflow(self.temp(f"xor i1 {failed}, true"), type_)
            return self.temp(f"extractvalue {{ {width}, i1 }} {pair}, 0")
        if op in ("//", "%"):
            return self._division(op, type_, a, b)
        assert isinstance(count, Int)
        return self._left_shift(type_, a, b, count, wraps) if op == "<<" else self._right_shift(type_, a, b, count)

    # --- division -----------------------------------------------------------------------------------------------------

    def _division(self, op: str, type_: Int, a: str, b: str) -> str:
        """Floor division and its remainder, which has the divisor's sign."""
        width = f"i{type_.bits}"
        self.require(self.temp(f"icmp ne {width} {b}, 0"), "ZeroDivisionError")
        if not type_.signed:
            return self.temp(f"{'udiv' if op == '//' else 'urem'} {width} {a}, {b}")
        if op == "//":
            lowest = self.temp(f"icmp ne {width} {a}, {type_.minimum}")
            other = self.temp(f"icmp ne {width} {b}, -1")
            self._overflow(self.temp(f"or i1 {lowest}, {other}"), type_)
            divisor = b
        else:
            # x % -1 is 0, but the machine's division of the lowest number by -1 is undefined in LLVM.
            minus_one = self.temp(f"icmp eq {width} {b}, -1")
            divisor = self.temp(f"select i1 {minus_one}, {width} 1, {width} {b}")
        rest = self.temp(f"srem {width} {a}, {divisor}")
        inexact = self.temp(f"icmp ne {width} {rest}, 0")
        differ = self.temp(f"icmp slt {width} {self.temp(f'xor {width} {rest}, {divisor}')}, 0")
        adjust = self.temp(f"and i1 {inexact}, {differ}")
        if op == "%":
            return self.temp(f"add {width} {rest}, {self.temp(f'select i1 {adjust}, {width} {divisor}, {width} 0')}")
        quotient = self.temp(f"sdiv {width} {a}, {b}")
        return self.temp(f"sub {width} {quotient}, {self.temp(f'zext i1 {adjust} to {width}')}")

    # --- shifts -------------------------------------------------------------------------------------------------------

    def _shift_count(self, type_: Int, b: str, count: Type) -> tuple[str, str]:
        """The count in the width of the shifted number, and whether it is below that width. A negative one raises."""
        assert isinstance(count, Int)
        own = f"i{count.bits}"
        if count.signed:
            self.require(self.temp(f"icmp sge {own} {b}, 0"), "ValueError", "0")
        # A u8 holds every width up to 64, so the comparison can be made in the count's own type.
        small = self.temp(f"icmp ult {own} {b}, {type_.bits}")
        safe = self.temp(f"select i1 {small}, {own} {b}, {own} 0")
        return self.resize(safe, Int(count.bits, False), Int(type_.bits, False)), small

    def _left_shift(self, type_: Int, a: str, b: str, count: Int, wraps: bool) -> str:
        width = f"i{type_.bits}"
        n, small = self._shift_count(type_, b, count)
        shifted = self.temp(f"shl {width} {a}, {n}")
        result = self.temp(f"select i1 {small}, {width} {shifted}, {width} 0")
        if wraps or not self.checked:
            return result
        back = self.temp(f"{'ashr' if type_.signed else 'lshr'} {width} {shifted}, {n}")
        same = self.temp(f"and i1 {self.temp(f'icmp eq {width} {back}, {a}')}, {small}")
        zero = self.temp(f"icmp eq {width} {a}, 0")
        self._overflow(self.temp(f"or i1 {same}, {zero}"), type_)
        return result

    def _right_shift(self, type_: Int, a: str, b: str, count: Int) -> str:
        width = f"i{type_.bits}"
        n, small = self._shift_count(type_, b, count)
        shifted = self.temp(f"{'ashr' if type_.signed else 'lshr'} {width} {a}, {n}")
        beyond = self.temp(f"ashr {width} {a}, {type_.bits - 1}") if type_.signed else "0"
        return self.temp(f"select i1 {small}, {width} {shifted}, {width} {beyond}")

    def power(self, type_: Int, base: str, exponent: str, count: Type) -> str:
        """`base ** exponent` by squaring, each product checked."""
        width = f"i{type_.bits}"
        assert isinstance(count, Int)
        if count.signed:
            self.require(self.temp(f"icmp sge i{count.bits} {exponent}, 0"), "ValueError", "0")
        result, square, left = self.alloca(width), self.alloca(width), self.alloca(f"i{count.bits}")
        for place, value, kind in ((result, "1", width), (square, base, width), (left, exponent, f"i{count.bits}")):
            self.emit(f"store {kind} {value}, ptr {place}")
        head, odd, next_, again, done = (self.label(n) for n in ("power", "odd", "even", "square", "done"))
        self.start(head)
        n = self.temp(f"load i{count.bits}, ptr {left}")
        self.branch(self.temp(f"icmp eq i{count.bits} {n}, 0"), done, odd + "test")
        self.start_after(odd + "test")
        is_odd = self.temp(f"trunc i{count.bits} {n} to i1")
        self.branch(is_odd, odd, next_)
        self.start_after(odd)
        product = self.integer_operation(
            "*", type_, self.temp(f"load {width}, ptr {result}"), self.temp(f"load {width}, ptr {square}"), False, I64
        )
        self.emit(f"store {width} {product}, ptr {result}")
        self.start(next_)
        half = self.temp(f"lshr i{count.bits} {n}, 1")
        self.emit(f"store i{count.bits} {half}, ptr {left}")
        self.branch(self.temp(f"icmp eq i{count.bits} {half}, 0"), done, again)
        self.start_after(again)
        root = self.temp(f"load {width}, ptr {square}")
        self.emit(f"store {width} {self.integer_operation('*', type_, root, root, False, I64)}, ptr {square}")
        self.jump(head)
        self.start_after(done)
        return self.temp(f"load {width}, ptr {result}")

    # --- other operations ---------------------------------------------------------------------------------------------

    def negate(self, type_: Type, value: str) -> str:
        """`-value`."""
        if type_ == FLOAT:
            return self.temp(f"fneg double {value}")
        assert isinstance(type_, Int)
        return self.integer_operation("-", type_, "0", value, False, I64)

    def float_operation(self, op: str, a: str, b: str) -> str:
        """`a op b` of doubles; division by zero raises, as in Python."""
        if op == "/":
            self.require(self.temp(f"fcmp une double {b}, 0.0"), "ZeroDivisionError")
        return self.temp(f"{_FLOAT[op]} double {a}, {b}")

    # --- conversions --------------------------------------------------------------------------------------------------

    def resize(self, value: str, found: Int, wanted: Int) -> str:
        """To another width: cut, or extended by its own sign."""
        if found.bits == wanted.bits:
            return value
        word = "trunc" if wanted.bits < found.bits else "sext" if found.signed else "zext"
        return self.temp(f"{word} i{found.bits} {value} to i{wanted.bits}")

    def to_integer(self, value: str, found: Type, wanted: Int) -> str:
        """To another integer type; what does not fit raises."""
        if found == BOOL:
            return self.temp(f"zext i1 {value} to i{wanted.bits}")
        if found == FLOAT:
            return self._float_to_integer(value, wanted)
        source = found if isinstance(found, Int) else I64
        if self.checked and not always_fits(found, wanted):
            self._overflow(self._fits(value, source, wanted), wanted)
        return self.resize(value, source, wanted)

    def _fits(self, value: str, found: Int, wanted: Int) -> str:
        kind = f"i{found.bits}"
        if not found.signed:
            return (
                "true" if wanted.maximum >= found.maximum else self.temp(f"icmp ule {kind} {value}, {wanted.maximum}")
            )
        tests = []
        if wanted.minimum > found.minimum:
            tests.append(self.temp(f"icmp sge {kind} {value}, {wanted.minimum}"))
        if wanted.maximum < found.maximum:
            tests.append(self.temp(f"icmp sle {kind} {value}, {wanted.maximum}"))
        return tests[0] if len(tests) == 1 else self.temp(f"and i1 {tests[0]}, {tests[1]}")

    def _float_to_integer(self, value: str, wanted: Int) -> str:
        low = self.module.constant(FLOAT, float(wanted.minimum))
        high = self.module.constant(FLOAT, float(wanted.maximum + 1))
        # The fraction is cut, so anything above minimum - 1 is good; that number is exact for all widths but 64.
        above = self.temp(f"fcmp oge double {value}, {low}") if wanted.bits == I64.bits else self.temp(
            f"fcmp ogt double {value}, {self.module.constant(FLOAT, float(wanted.minimum - 1))}")  # fmt: skip
        if wanted.bits == I64.bits and not wanted.signed:
            above = self.temp(f"fcmp ogt double {value}, {self.module.constant(FLOAT, -1.0)}")
        below = self.temp(f"fcmp olt double {value}, {high}")
        self._overflow(self.temp(f"and i1 {above}, {below}"), wanted)
        return self.temp(f"fpto{'si' if wanted.signed else 'ui'} double {value} to i{wanted.bits}")

    def to_float(self, value: str, found: Type) -> str:
        """An integer as double."""
        if found == BOOL:
            return self.temp(f"uitofp i1 {value} to double")
        assert isinstance(found, Int)
        return self.temp(f"{'s' if found.signed else 'u'}itofp i{found.bits} {value} to double")

    # --- comparisons --------------------------------------------------------------------------------------------------

    def compare(self, op: str, a: str, left: Type, b: str, right: Type) -> str:
        """`a op b`; two integers of any types are compared by value."""
        if left == FLOAT:
            return self.temp(f"fcmp {_FLOATS[op]} double {a}, {b}")
        if left in (TEXT, BYTES):
            return self._compare_bytes(op, a, b)
        x, y = (I64 if isinstance(t, EnumType) else Int(8, False) if t == BOOL else t for t in (left, right))
        assert isinstance(x, Int) and isinstance(y, Int)
        if left == BOOL:
            a = self.temp(f"zext i1 {a} to i8")
        if right == BOOL:
            b = self.temp(f"zext i1 {b} to i8")
        common = common_integer(x, y) or Int(128, True)
        a, b = self.resize(a, x, common), self.resize(b, y, common)
        return self.temp(f"icmp {(_SIGNED if common.signed else _UNSIGNED)[op]} i{common.bits} {a}, {b}")

    def _compare_bytes(self, op: str, a: str, b: str) -> str:
        view = "{ ptr, i64 }"
        if op in ("==", "!="):
            equal = self.runtime("text_equal", f"{view} {a}, {view} {b}")
            return equal if op == "==" else self.temp(f"xor i1 {equal}, true")
        order = self.runtime("compare_bytes", f"{view} {a}, {view} {b}")
        return self.temp(f"icmp {_SIGNED[op]} i64 {order}, 0")
