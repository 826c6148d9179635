"""edit: a line editor in the style of ed.

usage: edit [FILE]
  commands are [FIRST[,LAST]]LETTER; h lists them
  addresses: 12  .  $  /pattern/  +3  -1  and % for all lines
  p print   n print with numbers   a add after   i insert before   c change
  d delete   s/pattern/text/g substitute   w [FILE] write   q quit
  q! quit without writing   = line number   text ends with a line of one dot
"""

from atoll.abi.startup import INPUT
from atoll.abi.types import Text, i64, u64
from atoll.userland.library.arguments import begin, expect_operands, operand, operand_count
from atoll.userland.library.errors import complain, exit_status
from atoll.userland.library.files import READING, WRITING, FileProblem, open_file
from atoll.userland.library.matching import Pattern
from atoll.userland.library.output import flush, put, put_line
from atoll.userland.library.paths import PATH_SIZE
from atoll.userland.library.streams import Reader, Writer
from atoll.userland.library.text import StringBuilder, strip
from atoll.userland.programs.editor.commands import BadCommand, Command, Substitution
from atoll.userland.programs.editor.lines import Lines
from atoll.userland.runtime.objects import close
from atoll.userland.runtime.startup import given


class Editor:
    """What is edited."""

    lines: Lines
    current: u64
    name: StringBuilder[PATH_SIZE]
    command: Command
    pattern: Pattern
    substitution: Substitution
    text: StringBuilder[1024]  # the command line
    warned: bool  # of lines that are not written
    leaving: bool


editor: Editor = Editor()
keyboard: Reader = Reader()
reader: Reader = Reader()
writer: Writer = Writer()


def main() -> i64:
    """Read the file, then do what is asked."""
    begin("edit [FILE]", "")
    expect_operands(0, 1)
    keyboard.open(given(INPUT))
    if operand_count() > 0:
        editor.name.set(operand(0))
        read_file()
    while not editor.leaving:
        print("* ", end="")
        line = keyboard.read_line()
        if line is None:
            break
        try:
            editor.text.set(line)
            obey()
        except Exception as error:
            print(f"? {error}")
    return exit_status()


# ---- files ----


def read_file() -> None:
    """The file that was named; a new one if there is none."""
    name = editor.name.text
    try:
        handle = open_file(name, READING).handle
    except FileProblem as error:
        print(f"{name}: {error}: a new file")
        return
    try:
        reader.open(handle)
        line = reader.read_line()
        while line is not None:
            editor.lines.insert_after(u64(len(editor.lines)), line)
            line = reader.read_line()
        print(f"{name}: {len(editor.lines)} lines")
    except Exception as error:
        complain(name, f"{error}")
    close(handle)
    editor.lines.changed = False
    editor.current = u64(len(editor.lines))


def write_file(rest: Text) -> None:
    """`w`, to the file that was named, or to another."""
    name = strip(rest)
    if len(name) > 0:
        editor.name.set(name)
    if editor.name.used == 0:
        raise BadCommand("no file is named: w FILE")
    handle = open_file(editor.name.text, WRITING).handle
    try:
        writer.open(handle)
        for number in range(1, u64(len(editor.lines)) + 1):
            writer.put_line(editor.lines.text_of(number))
        writer.flush()
    finally:
        close(handle)
    editor.lines.changed = False
    print(f"{editor.name.text}: {len(editor.lines)} lines written")


# ---- commands ----


def obey() -> None:
    """One command line. Raises BadCommand and others, whose text is shown."""
    command = editor.command
    command.read(strip(editor.text.text), editor.lines, editor.current, editor.pattern)
    was_warned = editor.warned
    editor.warned = False
    match command.letter:
        case 0:
            go(command.last if command.has_address else editor.current + 1)
        case 0x70:  # p
            show(False)
        case 0x6E:  # n
            show(True)
        case 0x61:  # a
            editor.current = command.last
            take_lines()
        case 0x69:  # i
            editor.current = max(command.first, 1) - 1
            take_lines()
        case 0x63:  # c
            delete()
            editor.current = command.first - 1
            take_lines()
        case 0x64:  # d
            delete()
        case 0x73:  # s
            substitute()
        case 0x77:  # w
            write_file(command.rest)
        case 0x71:  # q
            leave(command.rest, was_warned)
        case 0x3D:  # =
            print(f"{command.last if command.has_address else editor.current} of {len(editor.lines)}")
        case 0x68:  # h
            show_help()
        case _:
            raise BadCommand("no such command; h lists them")


def require_line() -> None:
    """The command needs at least one line."""
    if editor.command.first == 0:
        raise BadCommand("there is no line there")


def go(number: u64) -> None:
    """Make a line the current one and show it."""
    if number == 0 or number > u64(len(editor.lines)):
        raise BadCommand("there is no such line")
    editor.current = number
    put_line(editor.lines.text_of(number))
    flush()


def show(numbered: bool) -> None:
    """Lines."""
    require_line()
    for number in range(editor.command.first, editor.command.last + 1):
        if numbered:
            put(f"{number:>5}  ")
        put_line(editor.lines.text_of(number))
    flush()
    editor.current = editor.command.last


def take_lines() -> None:
    """Lines from the keyboard go behind the current one, until a line that is only a dot."""
    line = keyboard.read_line()
    while line is not None and line != ".":
        editor.lines.insert_after(editor.current, line)
        editor.current += 1
        line = keyboard.read_line()


def delete() -> None:
    """Lines go; the one behind them is the current one."""
    require_line()
    editor.lines.delete(editor.command.first, editor.command.last)
    editor.current = min(editor.command.first, u64(len(editor.lines)))


def substitute() -> None:
    """In each line of the range."""
    require_line()
    editor.substitution.read(editor.command.rest, editor.pattern)
    changed: u64 = 0
    for number in range(editor.command.first, editor.command.last + 1):
        if editor.substitution.apply(editor.lines.text_of(number), editor.pattern):
            editor.lines.replace(number, editor.substitution.result.text)
            editor.current = number
            changed += 1
    if changed == 0:
        raise BadCommand("no line has that pattern")
    go(editor.current)


def leave(rest: Text, was_warned: bool) -> None:
    """`q`: not without a warning if something is not written."""
    if editor.lines.changed and rest != "!" and not was_warned:
        editor.warned = True
        raise BadCommand("not written yet: w writes, q again (or q!) leaves it")
    editor.leaving = True


def show_help() -> None:
    """All commands."""
    put("p print   n with numbers   a add after   i insert before   c change   d delete\n")
    put("s/pattern/text/  s/pattern/text/g   w [FILE] write   q quit   q! quit without writing\n")
    put("= number of lines   NUMBER or /pattern/ goes there; an empty line goes to the next\n")
    put("before a command: 3  2,5  .  $  %  /pattern/  .+2   text ends with a line that is only a dot\n")
    flush()
