"""The shell's state, which interpreter and built-in commands share."""

from atoll.abi.types import Text
from atoll.userland.library.errors import write_error
from atoll.userland.library.paths import PATH_SIZE
from atoll.userland.library.streams import Writer
from atoll.userland.library.text import StringBuilder
from atoll.userland.programs.sh.history import History
from atoll.userland.programs.sh.jobs import Away, Jobs
from atoll.userland.programs.sh.launch import Launch
from atoll.userland.programs.sh.plan import Plan
from atoll.userland.programs.sh.variables import Scope


class Interpreter:
    """The shell's state."""

    scope: Scope
    plan: Plan
    launch: Launch
    away: Away  # where the program is being started
    jobs: Jobs
    history: History
    writer: Writer  # of built-in commands
    path: StringBuilder[PATH_SIZE]
    leaving: bool  # `exit` was called
    interactive: bool


shell: Interpreter = Interpreter()


def complain(text: Text) -> None:
    """An error of the shell's own."""
    write_error("shell: ")
    write_error(text)
    write_error("\n")
