"""The host's clients: `client(Naming, transport).lookup("x")`, made from the same class that the guest's come from.

A transport carries a message to the service's port and its reply back. Structures are their bytes here, and a buffer is
a bytearray. The host has no handles to send; one that comes with a reply is a client of the interface that it is for.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

import atoll
from atoll.abi.interfaces import BAD_REQUEST, MAX_TRIES, NOT_TRANSFERABLE, UNREACHABLE
from atoll.compiler.interfaces import wire
from atoll.compiler.interfaces.description import Error, Interface, Item, Kind, Method
from atoll.compiler.interfaces.names import Defined, Names
from atoll.compiler.interfaces.reader import Reader

PACKAGE = Path(atoll.__file__).parent
TRANSPORT = "transport_"  # attribute of a client
Declared = TypeVar("Declared")


class Transport(Protocol):
    """The way to a service's port."""

    def call(self, words: wire.Words, segment: bytes, buffer_size: int) -> tuple[wire.Words, bytes]:
        """Send a request, and return the reply's words and segment, which has at most `buffer_size` bytes.

        Raises OutcomeUnknown (userland/runtime/interface.py) if the receiver died at work on it.
        """


class PortTransport(Transport, Protocol):
    """One that carries handles too, in replies."""

    def take_port(self) -> Transport:
        """The way to the port that came with the last reply."""


class InterfaceError(Exception):
    """A declaration that is no interface: its file, line, and what to write instead."""


# --- descriptions -----------------------------------------------------------------------------------------------------


def describe(module: str, path: Path | None = None) -> list[Interface]:
    """The interfaces that a module declares, in order; `path` is its file if it is no module of ours.

    Nothing is compiled, nor is the module executed. Raises InterfaceError.
    """
    names = Names(lambda name: tree_of(path if name == module and path is not None else file_of(name)))
    tree = names.tree_of(module)
    if tree is None:
        raise InterfaceError(f"there is no module {module}")
    shown = str(path or file_of(module))
    problems: list[str] = []

    def report(node: ast.AST, message: str, advice: str) -> None:
        problems.append(f"{shown}:{getattr(node, 'lineno', 1)}: {message}: {advice}")

    found = [Defined(module, node) for node in tree.body if isinstance(node, ast.ClassDef)]
    interfaces = [Reader(names).read(class_, report) for class_ in found if names.is_interface(class_)]
    if problems:
        raise InterfaceError("\n".join(problems))
    return interfaces


def file_of(module: str) -> Path | None:
    """The file of a module of ours."""
    parts = module.split(".")
    return PACKAGE.joinpath(*parts[1:]).with_suffix(".py") if parts[0] == "atoll" else None


@cache
def tree_of(path: Path | None) -> ast.Module | None:
    """The syntax tree of a file; None if there is none."""
    if path is None or not path.is_file():
        return None
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def all_interfaces() -> Iterator[Interface]:
    """Every interface of the system's servers."""
    for path in sorted((PACKAGE / "servers").glob("*/interface.py")):
        yield from describe(f"atoll.servers.{path.parent.name}.interface")


# --- clients ----------------------------------------------------------------------------------------------------------


def client(declared: type[Declared], transport: Transport) -> Declared:
    """A client of the service that an interface declares. Its methods raise the interface's errors."""
    module = sys.modules[declared.__module__]
    interface = _declaration(module.__name__, Path(module.__file__ or ""), declared.__name__)
    methods = {method.name: _method(interface, method, vars(module), transport) for method in interface.methods}
    made: Declared = type(declared.__name__, (declared,), methods)()
    vars(made)[TRANSPORT] = transport
    return made


@cache
def _declaration(module: str, path: Path, name: str) -> Interface:
    """The interface of that name in a module, which is read once."""
    interface = next((found for found in describe(module, path) if found.name == name), None)
    if interface is None:
        raise InterfaceError(f"{name} is no interface")
    return interface


def transport_of(made: object) -> Transport:
    """The way that a client's calls go."""
    transport: Transport = vars(made)[TRANSPORT]
    return transport


def _method(
    interface: Interface, method: Method, names: dict[str, Any], transport: Transport
) -> Callable[..., Any]:
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    signature = inspect.Signature([inspect.Parameter(name, kind) for name in ("self", *_names(method.parameters))])

    def call(*positional: Any, **keywords: Any) -> Any:
        arguments = signature.bind(*positional, **keywords).arguments
        if method.result_handle() is not None and not hasattr(transport, "take_port"):
            raise wire.WireError(f"{method.name} passes a handle, and this transport carries none")
        words, segment, room = wire.request(method, arguments)
        words, segment = _exchange(method, transport, words, segment, room)
        if words[0] != 0:
            raise _error(interface, names, words, segment)
        if buffer := method.buffer():
            arguments[buffer.name][0 : len(segment)] = segment
        return wire.results(method, words, segment, _received(method, names, transport))

    call.__name__, call.__doc__ = method.name, method.doc
    return call


def _received(method: Method, names: dict[str, Any], transport: Transport) -> Any:
    """What the handle in a reply is here: a client, or a transport if no interface is named."""
    from atoll.userland.runtime.interface import Interface as Base

    item = method.result_handle()
    if item is None:
        return None
    class_: Any = eval(item.written, names)
    port = cast(PortTransport, transport).take_port()
    return client(class_, port) if issubclass(class_, Base) else port


def _names(items: tuple[Item, ...]) -> list[str]:
    return [item.name for item in items]


def _exchange(
    method: Method, transport: Transport, words: wire.Words, segment: bytes, room: int
) -> tuple[wire.Words, bytes]:
    """One call; of an idempotent method again if the receiver dies."""
    from atoll.userland.runtime.interface import OutcomeUnknown

    for _ in range(MAX_TRIES - 1 if method.is_idempotent else 0):
        try:
            return transport.call(words, segment, room)
        except OutcomeUnknown:
            continue
    return transport.call(words, segment, room)


def _error(interface: Interface, names: dict[str, Any], words: wire.Words, segment: bytes) -> Exception:
    """The error that a reply stands for."""
    from atoll.userland.runtime.interface import NotTransferable, ServiceError, Unreachable

    found = next((error for error in interface.errors if error.code == words[0]), None)
    if words[0] == BAD_REQUEST:
        return ServiceError("the service does not understand the request")
    if words[0] == UNREACHABLE:
        return Unreachable("the service's node has not got the call")
    if words[0] == NOT_TRANSFERABLE:
        return NotTransferable("a handle of that kind cannot cross the wire")
    if found is None:
        return ServiceError(f"{interface.name} answers with the unknown error {words[0]:#x}")
    class_ = eval(found.written, names)
    text = segment.decode("utf-8", "replace")
    if not found.fields:
        made: Exception = class_(text)
        return made
    values = _field_values(found, words, text)
    made = class_(*values.values())
    for name, value in values.items():
        setattr(made, name, value)
    return made


def _field_values(error: Error, words: wire.Words, text: str) -> dict[str, int | str]:
    numbers = iter(words[1:])
    return {
        item.name: text if item.kind is Kind.TEXT else wire.from_word(item, next(numbers)) for item in error.fields
    }
