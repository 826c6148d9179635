"""Where running clusters are found: one socket each, named as the cluster, in a directory that is the user's alone.

A socket that nobody listens at was left by a process that died, and is removed. A lock keeps two that begin at the same
time apart.
"""

import fcntl
import os
import re
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from atoll.cluster.guard import CommandError

SUFFIX = ".socket"
LOCK = "lock"
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")
BACKLOG = 16


def runtime_directory() -> Path:
    """$XDG_RUNTIME_DIR/atoll, or `run` in the cache's directory; made if it is not there. Raises CommandError."""
    from atoll.compiler.cache import cache_directory

    base = os.environ.get("XDG_RUNTIME_DIR", "")
    place = Path(base) / "atoll" if os.path.isabs(base) else cache_directory() / "run"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = place.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise CommandError(f"{place} must be a directory that is yours alone (mode 0700): others could type for you")
    return place


class Listener:
    """A cluster's name and the socket that it listens at, while it runs."""

    def __init__(self, name: str | None = None) -> None:
        """Without a name it is the first free number. Raises CommandError."""
        if name is not None and not NAME.fullmatch(name):
            raise CommandError(f"{name}: a cluster's name is 1 to 31 small letters, digits or -, no - in front")
        directory = runtime_directory()
        with locked(directory):
            there = alive(directory)
            if name in there:
                raise CommandError(f"a cluster of the name {name} is running already")
            self.name = name or next(str(number) for number in count(1) if str(number) not in there)
            self._path = directory / (self.name + SUFFIX)
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                self.socket.bind(str(self._path))
            except OSError as error:
                self.socket.close()
                raise CommandError(f"{self._path}: {error.strerror or error}") from None
            self.socket.listen(BACKLOG)
            self.socket.setblocking(False)

    def close(self) -> None:
        """Nobody finds the cluster any more."""
        self._path.unlink(missing_ok=True)
        self.socket.close()


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Nobody else looks after the directory's sockets meanwhile."""
    with (directory / LOCK).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def alive(directory: Path) -> list[str]:
    """The clusters that somebody listens for; sockets of the dead are removed. Only with the lock."""
    names = []
    for path in sorted(directory.glob(f"*{SUFFIX}")):
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
                probe.setblocking(False)        # a full backlog is an answer too
                probe.connect(str(path))
        except BlockingIOError:
            pass
        except OSError:
            path.unlink(missing_ok=True)
            continue
        names.append(path.name.removesuffix(SUFFIX))
    return names


def running() -> list[str]:
    """The names of all running clusters."""
    directory = runtime_directory()
    with locked(directory):
        return alive(directory)


def choose(name: str | None) -> str:
    """The cluster that is meant: the one of that name, or the only one. Raises CommandError."""
    names = running()
    if not names:
        raise CommandError("no cluster is running: `atoll boot` at a terminal starts one")
    if name is None and len(names) > 1:
        raise CommandError(f"several clusters are running: say --cluster with one of {', '.join(names)}")
    if name is not None and name not in names:
        raise CommandError(f"there is no running cluster {name}; there are {', '.join(names)}")
    return name or names[0]


def connect(name: str, patience: float) -> socket.socket:
    """A connection to a cluster, whose answers may take so many seconds. Raises CommandError."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(patience)
    try:
        connection.connect(str(runtime_directory() / (name + SUFFIX)))
    except OSError:
        connection.close()
        raise CommandError(f"cluster {name} has just ended, or does not answer") from None
    return connection
