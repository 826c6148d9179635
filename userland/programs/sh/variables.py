"""The shell's variables, and everything else that a `$` in a line can stand for."""

from atoll.abi.types import Bytes, Text, i64, u8, u64
from atoll.userland.library.text import StringBuilder
from atoll.userland.library.vector import Vector

MAX_VARIABLES = 64
NAME_SIZE = 32  # bytes
VALUE_SIZE = 480  # bytes
MAX_PARAMETERS = 16  # of a script

UNDERSCORE = 0x5F
EQUALS = 0x3D


class BadVariable(Exception):
    """A variable that cannot be set; the text says why."""


class Variable:
    """One variable; `exported` ones are the environment of programs."""

    name: StringBuilder[NAME_SIZE]
    value: StringBuilder[VALUE_SIZE]
    exported: bool


class Scope:
    """What `$` can stand for."""

    variables: Vector[Variable, MAX_VARIABLES]
    parameters: Vector[StringBuilder[VALUE_SIZE], MAX_PARAMETERS]  # $0, $1 and so on
    status: u64  # $?
    pid: u64  # $$
    number: StringBuilder[24]  # the text of a number that was asked for last

    def find(self, name: Text) -> Variable | None:
        """The variable of a name; None if it is not set."""
        for variable in self.variables:
            if variable.name.text == name:
                return variable
        return None

    def get(self, name: Text) -> Text:
        """A variable's value; empty if it is not set. It may change with the next `set`."""
        variable = self.find(name)
        return "" if variable is None else variable.value.text

    def set(self, name: Text, value: Text, export: bool = False) -> None:
        """Set a variable, and export it if asked to; exported ones stay so. Raises BadVariable."""
        if not is_name(name):
            raise BadVariable(f"{name[0 : min(len(name), 40)]}: no name for a variable")
        if len(name) > NAME_SIZE or len(value) > VALUE_SIZE:
            shown = name[0 : min(len(name), NAME_SIZE)]
            raise BadVariable(f"{shown}: names have at most {NAME_SIZE} bytes, values {VALUE_SIZE}")
        variable = self.find(name)
        if variable is None:
            variable = self.add(name)
        variable.value.set(value)
        variable.exported = variable.exported or export

    def add(self, name: Text) -> Variable:
        """A new variable without a value."""
        if self.variables.full:
            raise BadVariable(f"{name}: there are {MAX_VARIABLES} variables already; unset some")
        fresh = Variable()
        fresh.name.set(name)
        self.variables.append(fresh)
        return self.variables[-1]

    def unset(self, name: Text) -> None:
        """Forget a variable; nothing if there is none."""
        for index in range(self.variables.count):
            if self.variables[i64(index)].name.text == name:
                self.variables.remove(index)
                return

    def special(self, name: u8) -> Text | None:
        """What `$?`, `$$`, `$#` and `$0` to `$9` stand for; None if that byte is no such name."""
        self.number.clear()
        match name:
            case 0x3F:
                self.number.add(f"{self.status}")
            case 0x24:
                self.number.add(f"{self.pid}")
            case 0x23:
                self.number.add(f"{max(len(self.parameters), 1) - 1}")
            case _ if 0x30 <= name <= 0x39:
                index = i64(name - 0x30)
                return self.parameters[index].text if index < len(self.parameters) else ""
            case _:
                return None
        return self.number.text


def starts_name(byte: u8) -> bool:
    """Letters and the underscore."""
    return byte == UNDERSCORE or 0x41 <= byte <= 0x5A or 0x61 <= byte <= 0x7A


def size_of_name(data: Bytes) -> u64:
    """How many bytes at the beginning are a variable's name; 0 if none."""
    size: u64 = 0
    while size < len(data) and (starts_name(data[size]) or (size > 0 and 0x30 <= data[size] <= 0x39)):
        size += 1
    return size


def is_name(text: Text) -> bool:
    """Whether all of it is a variable's name."""
    return len(text) > 0 and size_of_name(text.encode()) == len(text)


def assignment_at(word: Text) -> u64:
    """Of a word `NAME=value`, where the `=` is; 0 for any other word."""
    data = word.encode()
    size = size_of_name(data)
    return size if 0 < size < len(data) and data[size] == EQUALS else 0
