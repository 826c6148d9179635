"""`atoll attach`, `ps`, `swap`, `monitor`: what a second terminal can do with the cluster that runs in the first."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from atoll.cluster.control.client import Connection

FAILED = 1                                      # the cluster could not do it

ClusterName = Annotated[
    str | None, typer.Option("--cluster", metavar="NAME", help="Which, if several are running: `atoll ps` lists them.")
]
NodeName = Annotated[
    str | None, typer.Option("--node", metavar="NODE", help="Of which node; else of the one at the cluster's terminal.")
]


def attach(
    node: Annotated[str, typer.Argument(metavar="NODE", help="Such as node2.")], cluster: ClusterName = None
) -> None:
    """This terminal becomes the console of a node of a running cluster. Ctrl-] leaves it. Without a terminal as
    standard input it only watches.
    """
    from atoll.cluster.control.client import Connection, Refused, attach
    from atoll.cluster.guard import CommandError

    with Connection(cluster) as connection:
        try:
            attach(connection, node)
        except Refused as error:
            raise CommandError(str(error)) from None


def ps(
    cluster: ClusterName = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, with all figures.")] = False,
) -> None:
    """The running clusters, their nodes and what runs there."""
    import json

    from atoll.cluster.control.client import Connection
    from atoll.cluster.control.places import running
    from atoll.cluster.control.table import table

    found = []
    for name in [cluster] if cluster is not None else running():
        with Connection(name) as connection:
            found.append(connection.ask(do="list"))
    if as_json:
        print(json.dumps(found, indent=2))
    else:
        print(table(found) if found else "no cluster is running: `atoll boot` at a terminal starts one")


def swap(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the service.")],
    file: Annotated[Path, typer.Argument(metavar="FILE.py", exists=True, dir_okay=False, help="Its new source.")],
    node: NodeName = None,
    cluster: ClusterName = None,
) -> None:
    """Compile a server and let it take a service's place while that serves; waits for the outcome."""
    from atoll.cluster.control.client import Connection

    with Connection(cluster) as connection:
        finish(connection, shlex.join(["swap", name, str(file.absolute())]), node)


def monitor(
    words: Annotated[list[str], typer.Argument(metavar="LINE...", help="Such as: crash node2")],
    node: NodeName = None,
    cluster: ClusterName = None,
) -> None:
    """A line for the monitor of a running cluster; `help` lists what there is. The exit status is the line's."""
    from atoll.cluster.control.client import Connection

    with Connection(cluster) as connection:
        finish(connection, words[0] if len(words) == 1 else shlex.join(words), node)


def finish(connection: "Connection", line: str, node: str | None) -> None:
    """Have a line carried out; exits with its status."""
    from atoll.cluster.control.client import Refused
    from atoll.cluster.control.protocol import bytes_of
    from atoll.cluster.guard import say

    try:
        answer: dict[str, Any] = connection.ask(do="monitor", line=line, node=node, directory=str(Path.cwd()))
    except Refused as error:
        say(f"{line}: {error}")
        raise typer.Exit(FAILED) from None
    sys.stdout.buffer.write(bytes_of(answer["printed"]) + answer["text"].encode())
    sys.stdout.buffer.flush()
    raise typer.Exit(answer["status"] & 0xFF)
