"""RV64 instruction words from mnemonics and operands: `encode("addi", "a0", "sp", 8)`."""

from collections.abc import Callable, Sequence

from atoll.compiler.encoding_tables import ALIASES, FLOAT_REGISTER_NAMES, FORMS, REGISTER_NAMES, Form

Operand = int | str


class EncodeError(ValueError):
    """An instruction that does not exist, or an operand that it does not take."""


REGISTERS = {name: number for number, name in enumerate(REGISTER_NAMES)}
REGISTERS |= {f"x{number}": number for number in range(32)} | {"fp": 8}
FLOAT_REGISTERS = {name: number for number, name in enumerate(FLOAT_REGISTER_NAMES)}
FLOAT_REGISTERS |= {f"f{number}": number for number in range(32)}


def encode(mnemonic: str, *operands: Operand) -> int:
    """The 32-bit word of one instruction or one-word pseudo-instruction; jumps take a distance in bytes."""
    name, operands = expand_alias(mnemonic, operands)
    form = form_of(name)
    if len(operands) != len(form.operands):
        raise EncodeError(f"{mnemonic} takes {_shape(form)}; got {len(operands)} operands")
    word = form.bits
    for position, (kind, operand) in enumerate(zip(form.operands, operands, strict=True), 1):
        try:
            word |= FIELDS[kind](operand)
        except EncodeError as error:
            raise EncodeError(f"{mnemonic}: operand {position}, {error}") from None
    return word


def form_of(mnemonic: str) -> Form:
    """The form of a real instruction."""
    form = FORMS.get(mnemonic)
    if form is None:
        raise EncodeError(f"no such instruction: {mnemonic}")
    return form


def expand_alias(mnemonic: str, operands: Sequence[Operand]) -> tuple[str, tuple[Operand, ...]]:
    """A one-word pseudo-instruction as the instruction that it stands for; any other comes back as it is."""
    pattern = ALIASES.get(mnemonic)
    if pattern is None:
        return mnemonic, tuple(operands)
    name, *words = pattern.split()
    wanted = sum(word.startswith("{") for word in words)
    if len(operands) != wanted:
        raise EncodeError(f"{mnemonic} takes {wanted} operands; got {len(operands)}")
    return name, tuple(_alias_operand(word, operands) for word in words)


def _alias_operand(word: str, operands: Sequence[Operand]) -> Operand:
    if word.startswith("{"):
        return operands[int(word[1])]
    return word if word in REGISTERS else int(word, 0)


def _shape(form: Form) -> str:
    return f"{len(form.operands)} operands ({', '.join(form.operands)})" if form.operands else "no operands"


def fits(value: int, bits: int) -> bool:
    """Whether a number fits that many bits, the sign included."""
    return -(1 << bits - 1) <= value < 1 << bits - 1


# ---- one function for each kind of operand: it gives the operand's bits, in place ----
def _register(names: dict[str, int], shift: int) -> Callable[[Operand], int]:
    def field(operand: Operand) -> int:
        number = names.get(operand) if isinstance(operand, str) else None
        if number is None:
            kind = "a floating-point register" if names is FLOAT_REGISTERS else "a register"
            raise EncodeError(f"{operand!r}, is not {kind}")
        return number << shift

    return field


def _number(operand: Operand, low: int, high: int, multiple: int = 1) -> int:
    if not isinstance(operand, int):
        raise EncodeError(f"{operand!r}, is not a number")
    if not low <= operand <= high:
        raise EncodeError(f"{int(operand)}, is out of range ({low} to {high})")
    if operand % multiple:
        raise EncodeError(f"{int(operand)}, is not a multiple of {multiple}")
    return int(operand)


def _unsigned(bits: int, shift: int) -> Callable[[Operand], int]:
    return lambda operand: _number(operand, 0, (1 << bits) - 1) << shift


def _immediate(operand: Operand) -> int:
    return (_number(operand, -2048, 2047) & 0xFFF) << 20


def _store(operand: Operand) -> int:
    value = _number(operand, -2048, 2047)
    return (value >> 5 & 0x7F) << 25 | (value & 0x1F) << 7


def branch_bits(operand: Operand) -> int:
    """The scattered immediate of a conditional branch: 13 bits signed, even (volume I, "B-type")."""
    value = _number(operand, -4096, 4094, 2)
    return (value >> 12 & 1) << 31 | (value >> 5 & 0x3F) << 25 | (value >> 1 & 0xF) << 8 | (value >> 11 & 1) << 7


def jump_bits(operand: Operand) -> int:
    """The scattered immediate of jal: 21 bits signed, even (volume I, "J-type")."""
    value = _number(operand, -(1 << 20), (1 << 20) - 2, 2)
    high = (value >> 20 & 1) << 31 | (value >> 1 & 0x3FF) << 21
    return high | (value >> 11 & 1) << 20 | (value >> 12 & 0xFF) << 12


def _fence_set(shift: int) -> Callable[[Operand], int]:
    def field(operand: Operand) -> int:
        letters = operand if isinstance(operand, str) else ""
        if not letters or "".join(letter for letter in "iorw" if letter in letters) != letters:
            raise EncodeError(f'{operand!r}, is not a set of accesses such as "iorw" or "w"')
        return sum({"i": 8, "o": 4, "r": 2, "w": 1}[letter] for letter in letters) << shift

    return field


FIELDS: dict[str, Callable[[Operand], int]] = {
    "rd": _register(REGISTERS, 7),
    "rs1": _register(REGISTERS, 15),
    "rs2": _register(REGISTERS, 20),
    "fd": _register(FLOAT_REGISTERS, 7),
    "fs1": _register(FLOAT_REGISTERS, 15),
    "fs2": _register(FLOAT_REGISTERS, 20),
    "imm12": _immediate,
    "store12": _store,
    "upper20": _unsigned(20, 12),
    "shift6": _unsigned(6, 20),
    "shift5": _unsigned(5, 20),
    "uimm5": _unsigned(5, 15),
    "csr": _unsigned(12, 20),
    "branch13": branch_bits,
    "jump21": jump_bits,
    "before": _fence_set(24),
    "after": _fence_set(20),
}


def load_constant(value: int) -> list[tuple[str, int]]:
    """Steps that make any 64-bit number in a register: (lui | addi | addiw | slli, number), each on that register.

    The low 12 bits are added last as a signed number; what remains, with its trailing zeros taken off, is made first.
    """
    if not -(1 << 63) <= value < 1 << 64:
        raise EncodeError(f"{value} does not fit 64 bits")
    value = _signed(value, 64)
    low = _signed(value, 12)
    if fits(value, 32):
        upper = (value + 0x800 >> 12) & 0xFFFFF
        if not upper:
            return [("addi", low)]
        return [("lui", upper), *([("addiw", low)] if low else [])]
    rest = _signed(value - low, 64) >> 12
    zeros = (rest & -rest).bit_length() - 1
    return [*load_constant(rest >> zeros), ("slli", 12 + zeros), *([("addi", low)] if low else [])]


def _signed(value: int, bits: int) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> bits - 1 else value


def split_distance(distance: int) -> tuple[int, int]:
    """A signed 32-bit distance as auipc's 20 bits and a signed 12-bit rest, which the next instruction adds."""
    return (distance + 0x800 >> 12) & 0xFFFFF, _signed(distance, 12)
