"""From a command of a plan to a program that is ready to start: assignments, arguments, redirections, environment."""

from atoll.abi.types import Text, u64
from atoll.userland.library.files import APPENDING, READING, WRITING, open_file
from atoll.userland.library.processes import ENVIRONMENT_SIZE, Streams
from atoll.userland.library.text import StringBuilder
from atoll.userland.library.vector import Vector
from atoll.userland.programs.sh.arguments import Arguments
from atoll.userland.programs.sh.expansion import MAX_WORD, Word, plain
from atoll.userland.programs.sh.globbing import add_matches
from atoll.userland.programs.sh.plan import Command, Plan
from atoll.userland.programs.sh.tokens import Kind
from atoll.userland.programs.sh.variables import Scope, assignment_at
from atoll.userland.runtime.objects import close

MAX_OWNED = 12  # handles of one command: pipe ends and redirections


class BadRedirection(Exception):
    """A file of a redirection cannot be opened."""


class Launch:
    """One command on its way."""

    name: StringBuilder[MAX_WORD]  # the program's; empty if the command only sets variables
    arguments: Arguments  # without the name
    settings: StringBuilder[ENVIRONMENT_SIZE]  # `NAME=value` before the program's name, each ended by a zero byte
    node: StringBuilder[MAX_WORD]  # what stands behind the `@`; empty: this node
    is_service: bool  # `at`: the program that lives on that node
    streams: Streams
    owned: Vector[u64, MAX_OWNED]  # handles to be closed once the program has its own
    word: Word
    text: StringBuilder[MAX_WORD]
    environment: StringBuilder[ENVIRONMENT_SIZE]

    def begin(self) -> None:
        """Nothing yet, with the shell's own streams."""
        self.name.clear()
        self.arguments.clear()
        self.node.clear()
        self.is_service = False
        self.settings.clear()
        self.owned.clear()
        self.streams.inherit()

    def own(self, handle: u64) -> u64:
        """Close this handle at the end."""
        self.owned.append(handle)
        return handle

    def finish(self) -> None:
        """Close what is ours."""
        for handle in self.owned:
            close(handle)
        self.owned.clear()

    # ---- reading the command ----

    def read(self, plan: Plan, command: Command, scope: Scope) -> None:
        """Understand a command. Raises BadLine, BadRedirection, Full."""
        tokens = plan.tokens
        node = plan.node_of(command)
        place = command.first
        while place < command.end:
            kind = tokens.items[place].kind
            if place == node:
                raw = tokens.text_of(place)
                self.expand(raw[1 : len(raw)], scope)
                self.node.set(self.text.text)
            elif kind == Kind.WORD:
                self.read_word(tokens.text_of(place), scope)
            elif kind == Kind.ERROR_TO_OUTPUT:
                self.streams.error = self.streams.output
            elif kind == Kind.OUTPUT_TO_ERROR:
                self.streams.output = self.streams.error
            else:
                place += 1
                self.redirect(kind, tokens.text_of(place), scope)
            place += 1

    def read_word(self, raw: Text, scope: Scope) -> None:
        """A word: an assignment, the program's name, or arguments."""
        equals = assignment_at(raw)
        if self.name.used == 0 and equals > 0:
            self.expand(raw[equals + 1 : len(raw)], scope)
            self.settings.add(raw[0 : equals + 1])
            self.settings.add(self.text.text)
            self.settings.add_byte(0)
        elif self.name.used == 0:
            self.expand(raw, scope)
            self.name.set(self.text.text)
        elif raw == "$@" or raw == '"$@"':
            for index in range(1, len(scope.parameters)):
                self.arguments.add(scope.parameters[index].text)
        else:
            self.expand(raw, scope)
            self.add_argument()

    def expand(self, raw: Text, scope: Scope) -> None:
        """What a word means, into `text`."""
        self.word.read(raw, scope)
        plain(self.word.pattern.text, self.text)

    def read_at(self) -> bool:
        """`at NODE PROGRAM ARGUMENTS`: whether that is what the arguments say; then they are the program's."""
        if len(self.arguments) < 2 or self.node.used > 0:
            return False
        self.is_service = True
        self.node.set(self.arguments[0])
        self.name.set(self.arguments[1])
        self.arguments.drop(2)
        return True

    def add_argument(self) -> None:
        """The word just expanded: the names that it stands for, or itself."""
        if self.word.has_wildcard and add_matches(self.word.pattern.text, self.arguments):
            return
        if self.text.used > 0 or self.word.has_quote:
            self.arguments.add(self.text.text)

    def redirect(self, kind: Kind, raw: Text, scope: Scope) -> None:
        """Open a file in the place of a stream. Raises BadRedirection."""
        self.expand(raw, scope)
        try:
            handle = self.own(open_file(self.text.text, flags_of(kind)).handle)
        except Exception as error:
            raise BadRedirection(f"{self.text.text[0 : min(len(self.text), 80)]}: {error}") from None
        if kind == Kind.INPUT:
            self.streams.input = handle
        elif kind == Kind.OUTPUT or kind == Kind.APPEND:
            self.streams.output = handle
        else:
            self.streams.error = handle

    # ---- the environment ----

    def pack_environment(self, scope: Scope) -> None:
        """Exported variables, but for those that the command sets itself, and these. Raises Full."""
        self.environment.clear()
        for variable in scope.variables:
            if variable.exported and not self.sets(variable.name.text):
                self.environment.add(variable.name.text)
                self.environment.add("=")
                self.environment.add(variable.value.text)
                self.environment.add_byte(0)
        self.environment.add(self.settings.text)

    def sets(self, name: Text) -> bool:
        """Whether the command sets this variable."""
        start: u64 = 0
        while start < self.settings.used:
            end = start + end_of_text(self.settings.text[start : len(self.settings)])
            setting = self.settings.text[start:end]
            if len(setting) > len(name) and setting[0 : len(name)] == name and setting[len(name)] == "=":
                return True
            start = end + 1
        return False

    def set_variables(self, scope: Scope) -> None:
        """A command without a program: its settings are the shell's. Raises BadVariable."""
        start: u64 = 0
        while start < self.settings.used:
            end = start + end_of_text(self.settings.text[start : len(self.settings)])
            setting = self.settings.text[start:end]
            equals = assignment_at(setting)
            scope.set(setting[0:equals], setting[equals + 1 : len(setting)])
            start = end + 1


def end_of_text(text: Text) -> u64:
    """Where the zero byte is."""
    end: u64 = 0
    data = text.encode()
    while data[end] != 0:
        end += 1
    return end


def flags_of(kind: Kind) -> u64:
    """How the file of a redirection is opened."""
    if kind == Kind.INPUT:
        return READING
    return APPENDING if kind == Kind.APPEND or kind == Kind.ERROR_APPEND else WRITING
