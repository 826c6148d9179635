"""Scalars as words of a message, in guest Python: of signed ones the bits, bools as 0 or 1, enumerations by number."""

from __future__ import annotations

from atoll.compiler.interfaces.description import Item, Kind
from atoll.compiler.types import INTEGERS


def to_word(item: Item, value: str) -> str:
    """The word that a value travels as."""
    match item.kind:
        case Kind.BOOL:
            return f"1 if {value} else 0"
        case Kind.ENUM | Kind.FLAGS:
            return f"_unsigned({value}.value)"
        case Kind.INTEGER if INTEGERS[item.meaning].signed:
            return f"_unsigned(_i64({value}))"
    return value


def from_word(item: Item, word: str) -> str:
    """The value that a word stands for."""
    match item.kind:
        case Kind.BOOL:
            return f"{word} != 0"
        case Kind.ENUM | Kind.FLAGS:
            return f"{item.written}({word})"
        case Kind.INTEGER if INTEGERS[item.meaning].signed:
            return f"_{item.meaning}(_signed({word}))"
        case Kind.INTEGER if item.meaning != "u64":
            return f"_{item.meaning}({word})"
    return word


def wrong_word(item: Item, word: str) -> str:
    """The condition that a word is no value of its type; empty if every word is one, or conversion tells."""
    if item.kind is Kind.BOOL:
        return f"{word} > 1"
    if item.kind is not Kind.INTEGER:
        return ""
    type_ = INTEGERS[item.meaning]
    if type_.bits == 64:
        return ""
    if type_.signed:
        return f"not {type_.minimum} <= _signed({word}) <= {type_.maximum}"
    return f"{word} > {type_.maximum}"
