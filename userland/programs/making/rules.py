"""The rules of a Makefile-like file: `target: sources`, then lines that begin with a blank, a command each."""

from atoll.abi.types import Text, u64
from atoll.userland.library.streams import Reader
from atoll.userland.library.text import StringBuilder, cut, find_byte, is_blank, strip
from atoll.userland.library.vector import Vector

MOST_TEXT = 32768  # bytes of rules
MOST_RULES = 128
MOST_COMMANDS = 8  # of a rule
COLON = 0x3A
HASH = 0x23


class BadRule(Exception):
    """A line that makes no sense; the text says which and why."""


class Rule:
    """How a target is made."""

    target: Text
    sources: Text  # between blanks
    commands: Vector[Text, MOST_COMMANDS]
    is_done: bool  # it is up to date
    is_begun: bool  # its sources are being made


pool: StringBuilder[MOST_TEXT] = StringBuilder()
rules: Vector[Rule, MOST_RULES] = Vector()


def read_rules(reader: Reader) -> None:
    """All rules of a file. Raises BadRule, Full, LineTooLong."""
    number: u64 = 0
    line = reader.read_line()
    while line is not None:
        number += 1
        read_line(line, number)
        line = reader.read_line()


def read_line(line: Text, number: u64) -> None:
    """One line."""
    text = strip(line)
    if len(text) == 0 or text.encode()[0] == HASH:
        return
    if is_blank(line.encode()[0]):
        add_command(keep(text), number)
        return
    if find_byte(text, COLON) < 1:
        raise BadRule(f"line {number}: `target: sources` is wanted, or a blank before a command")
    target, sources = cut(text, COLON)
    if find(strip(target)) is not None:
        raise BadRule(f"line {number}: there is a rule for this target already")
    rule = Rule()
    rule.target, rule.sources = keep(strip(target)), keep(strip(sources))
    rules.append(rule)


def add_command(text: Text, number: u64) -> None:
    """A command of the rule that was read last."""
    if len(rules) == 0:
        raise BadRule(f"line {number}: a command before the first rule")
    commands = rules[len(rules) - 1].commands
    if commands.full:
        raise BadRule(f"line {number}: a rule has at most {MOST_COMMANDS} commands")
    commands.append(text)


def keep(text: Text) -> Text:
    """A copy that stays."""
    start = pool.used
    pool.add(text)
    return pool.text[start : pool.used]


def find(target: Text) -> Rule | None:
    """The rule for a target."""
    for index in range(len(rules)):
        if rules[index].target == target:
            return rules[index]
    return None


