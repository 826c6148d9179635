"""What a program was started with: arguments, environment, named handles (layout: abi/startup.py)."""

from atoll.abi.address_space import ARGUMENTS
from atoll.abi.objects import NO_HANDLE
from atoll.abi.raw import load64, text_at
from atoll.abi.startup import START_ARGUMENTS, START_ENVIRONMENT, START_HANDLES, START_RECORDS
from atoll.abi.types import Text, u64


def given(name: Text) -> u64:
    """The handle that the program was given under that name; NO_HANDLE if there is none."""
    place = skip(skip(ARGUMENTS + START_RECORDS, load64(ARGUMENTS + START_ARGUMENTS)), environment_count())
    for _ in range(load64(ARGUMENTS + START_HANDLES)):
        if text_of(place) == name:
            return load64(behind(place))
        place = behind(place) + 8
    return NO_HANDLE


# ---- arguments ----


def argument_count() -> u64:
    """How many arguments the program was started with."""
    return load64(ARGUMENTS + START_ARGUMENTS)


def argument(index: u64) -> Text:
    """One of the program's arguments, the first has index 0; IndexError if there is no such argument."""
    if index >= argument_count():
        raise IndexError(f"argument {index} of {argument_count()}")
    return text_of(skip(ARGUMENTS + START_RECORDS, index))


# ---- environment ----


def environment_count() -> u64:
    """How many entries the environment has."""
    return load64(ARGUMENTS + START_ENVIRONMENT)


def environment_entry(index: u64) -> Text:
    """One entry, `NAME=value`; IndexError if there is no such entry."""
    if index >= environment_count():
        raise IndexError(f"environment entry {index} of {environment_count()}")
    return text_of(skip(ARGUMENTS + START_RECORDS, argument_count() + index))


def environment(name: Text) -> Text:
    """The value of an environment variable; empty if it is not set."""
    for index in range(environment_count()):
        entry = environment_entry(index)
        if len(entry) > len(name) and entry[0 : len(name)] == name and entry[len(name)] == "=":
            return entry[len(name) + 1 : len(entry)]
    return ""


# ---- records ----


def text_of(place: u64) -> Text:
    """The text of a record."""
    return text_at(place + 8, load64(place))


def behind(place: u64) -> u64:
    """Where the record's text ends."""
    return place + 8 + (load64(place) + 7) // 8 * 8


def skip(place: u64, records: u64) -> u64:
    """The place so many texts further on."""
    for _ in range(records):
        place = behind(place)
    return place
