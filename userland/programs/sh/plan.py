"""What a command line asks for: pipelines one after another, each of commands side by side.

    line     = pipeline { (";" | "&" | "&&" | "||") pipeline } [";" | "&"]
    pipeline = command { "|" command }
    command  = { word | redirection }, the last word may be @node
"""

from enum import IntEnum
from typing import NoReturn

from atoll.abi.types import Text, u64
from atoll.userland.library.vector import Vector
from atoll.userland.programs.sh.tokens import BadLine, Kind, Tokens

MAX_COMMANDS = 32  # of a line
MAX_PIPELINES = 32
MAX_STAGES = 8  # commands of a pipeline


class When(IntEnum):
    """Whether a pipeline is run, given how the one before it ended."""

    ALWAYS = 0
    SUCCESS = 1  # &&
    FAILURE = 2  # ||


NO_TOKEN = 0xFFFF
AT = 0x40  # @


class Command:
    """A program with its arguments and redirections: tokens from `first` to before `end`."""

    first: u64
    end: u64


class Pipeline:
    """Commands from number `first` on, each reading what the one before it writes."""

    when: When
    first: u64
    count: u64
    background: bool
    start: u64  # its bytes in the line, for `jobs`
    end: u64


class Plan:
    """A line, understood."""

    tokens: Tokens
    commands: Vector[Command, MAX_COMMANDS]
    pipelines: Vector[Pipeline, MAX_PIPELINES]

    def read(self, line: Text) -> None:
        """Understand a line; an empty one has no pipelines. Raises BadLine."""
        self.tokens.read(line)
        self.commands.clear()
        self.pipelines.clear()
        place: u64 = 0
        when = When.ALWAYS
        while not self.ends_at(place, when):
            joint = self.read_pipeline(place, when)
            when = self.after(joint, when)
            place = joint + 1 if self.tokens.items[joint].kind != Kind.END else joint

    def ends_at(self, place: u64, when: When) -> bool:
        """Whether nothing is left to read; after && and || something must be."""
        if self.tokens.items[place].kind != Kind.END:
            return False
        if when != When.ALWAYS:
            self.fail(place - 1, f"a command is missing after {self.tokens.text_of(place - 1)}")
        return True

    def read_pipeline(self, first: u64, when: When) -> u64:
        """The pipeline that begins at a token; the token behind it."""
        if self.pipelines.full:
            self.fail(first, f"more than {MAX_PIPELINES} pipelines in a line")
        start = u64(len(self.commands))
        joint = self.read_command(first)
        while self.tokens.items[joint].kind == Kind.PIPE:
            joint = self.read_command(joint + 1)
        count = u64(len(self.commands)) - start
        if count > MAX_STAGES:
            self.fail(first, f"more than {MAX_STAGES} commands in a pipeline")
        pipeline = Pipeline()
        pipeline.when, pipeline.first, pipeline.count = when, start, count
        pipeline.start = self.tokens.items[first].start
        pipeline.end = self.tokens.items[joint - 1].end
        pipeline.background = self.tokens.items[joint].kind == Kind.BACKGROUND
        if pipeline.background and when != When.ALWAYS:
            self.fail(joint, "& after && or || is not supported: put them into a script")
        self.pipelines.append(pipeline)
        return joint

    def read_command(self, first: u64) -> u64:
        """The command that begins at a token; the token behind it."""
        place = first
        while not self.tokens.items[place].is_joint:
            if self.tokens.items[place].takes_file:
                place += 1
                if self.tokens.items[place].kind != Kind.WORD:
                    name = self.tokens.text_of(place - 1)
                    self.fail(place - 1, f"a file name is missing after {name}")
            place += 1
        if place == first:
            if self.tokens.items[place].kind == Kind.END:
                self.fail(place - 1, f"a command is missing after {self.tokens.text_of(place - 1)}")
            self.fail(place, f"a command is missing before {self.tokens.text_of(place)}")
        if self.commands.full:
            self.fail(first, f"more than {MAX_COMMANDS} commands in a line")
        command = Command()
        command.first, command.end = first, place
        self.commands.append(command)
        return place

    def node_of(self, command: Command) -> u64:
        """The token that says `@node`: a command's last word, but not its first; NO_TOKEN if it says none."""
        last: u64 = NO_TOKEN
        place = command.first
        while place < command.end:
            token = self.tokens.items[place]
            if token.kind == Kind.WORD:
                last = place
            elif token.takes_file:
                place += 1
            place += 1
        if last == NO_TOKEN or last == command.first:
            return NO_TOKEN
        text = self.tokens.text_of(last).encode()
        return last if len(text) > 1 and text[0] == AT else NO_TOKEN

    def after(self, joint: u64, when: When) -> When:
        """What the operator at that token says about the pipeline behind it."""
        match self.tokens.items[joint].kind:
            case Kind.AND:
                return When.SUCCESS
            case Kind.OR:
                return When.FAILURE
        return When.ALWAYS

    def fail(self, token: u64, why: Text) -> NoReturn:
        """Say what is wrong at a token. Raises BadLine."""
        raise BadLine(f"column {self.tokens.items[token].start + 1}: {why}")
