"""A program's options and operands: `ls -la PATH`, `head -n 5 FILE`, `--` before operands that begin with a dash.

`begin("head [-n COUNT] [FILE ...]", "n:")` reads them: the letters are the options there are, a colon behind one says
that it takes a value. What makes no sense ends the program with the usage and status 2. `--help` shows the usage.
"""

from atoll.abi.types import Array, Text, i64, u64
from atoll.userland.library.errors import misuse, program, set_usage
from atoll.userland.library.text import find_byte, parse_signed, parse_unsigned
from atoll.userland.runtime.startup import argument, argument_count
from atoll.userland.runtime.system import exit_program

COLON = 0x3A
DASH = 0x2D
MAX_OPTIONS = 16
NO_OPTION = -1


class Options:
    """What `begin` found."""

    letters: Text
    given: Array[bool, MAX_OPTIONS]  # by place in `letters`
    values: Array[Text, MAX_OPTIONS]
    first: u64  # argument that is the first operand


options: Options = Options()


def begin(usage: Text, letters: Text) -> None:
    """Read the options; both texts are constants."""
    set_usage(usage)
    options.letters = letters
    place: u64 = 0
    while place < argument_count() and is_option(argument(place)):
        text = argument(place)
        place += 1
        if text == "--":
            break
        if text == "--help":
            print(f"usage: {program.usage}")
            exit_program(0)
        if text.startswith("--"):
            misuse(f"there is no option {text[0 : min(len(text), 80)]}")
        if read_letters(text, place):
            place += 1
    options.first = place


def is_option(text: Text) -> bool:
    """Whether an argument begins with a dash and is more than that."""
    return len(text) > 1 and text.encode()[0] == DASH


def read_letters(text: Text, after: u64) -> bool:
    """The letters of one argument; whether the argument behind it is the value of the last one."""
    place = 1
    while place < len(text):
        index = place_of(text[place : place + 1])
        if index == NO_OPTION:
            misuse(f"there is no option -{text[place : place + 1]}")
        options.given[index] = True
        if takes_value(index):
            if place + 1 < len(text):
                options.values[index] = text[place + 1 : len(text)]
                return False
            if after == argument_count():
                misuse(f"option {text} takes a value")
            options.values[index] = argument(after)
            return True
        place += 1
    return False


def place_of(letter: Text) -> i64:
    """Where an option stands among the letters; NO_OPTION if nowhere."""
    byte = letter.encode()[0]
    return NO_OPTION if byte == COLON else find_byte(options.letters, byte)


def takes_value(index: i64) -> bool:
    """Whether a colon follows the letter."""
    return index + 1 < len(options.letters) and options.letters.encode()[index + 1] == COLON


def option(letter: Text) -> bool:
    """Whether an option was given."""
    return options.given[place_of(letter)]


def option_value(letter: Text, default: Text) -> Text:
    """The value of an option; the default if it was not given."""
    index = place_of(letter)
    return options.values[index] if options.given[index] else default


def option_number(letter: Text, default: u64) -> u64:
    """The value of an option as a number."""
    if not option(letter):
        return default
    return number(option_value(letter, ""))


def operand_count() -> u64:
    """How many operands there are."""
    return argument_count() - options.first


def operand(index: u64) -> Text:
    """An operand, the first has index 0."""
    return argument(options.first + index)


def expect_operands(least: u64, most: u64) -> None:
    """End the program with its usage unless there are as many operands as that."""
    if operand_count() < least:
        misuse("an operand is missing" if operand_count() + 1 == least else "operands are missing")
    if operand_count() > most:
        misuse(f"{operand(most)}: one operand too many")


def number(text: Text) -> u64:
    """A number that the user gave."""
    try:
        return parse_unsigned(text)
    except ValueError as error:
        misuse(f"{error}")


def signed_number(text: Text) -> i64:
    """A number that the user gave, with a sign perhaps."""
    try:
        return parse_signed(text)
    except ValueError as error:
        misuse(f"{error}")
