"""A function in a copy of this process: whatever it changes here is unchanged afterwards, which is quicker than to save
and to restore a cluster. Only where processes can be copied (`os.fork`).
"""

import os
import pickle
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

CAN_COPY = hasattr(os, "fork")


class Died(Exception):
    """The copy has ended without an answer."""


def aside(function: Callable[[], Found]) -> Found:
    """What the function returns there; what it raises there is raised here. Raises Died."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        answer_and_exit(function, writing)
    os.close(writing)
    try:
        with os.fdopen(reading, "rb") as pipe:
            answer = pipe.read()
    finally:
        _, status = os.waitpid(child, 0)
    if not answer:
        raise Died(f"a copy of the process has ended with status {status}")
    found, error = pickle.loads(answer)
    if error is not None:
        raise error
    return found  # type: ignore[no-any-return]


def answer_and_exit(function: Callable[[], Found], writing: int) -> None:
    """The copy's part: without any clean-up, which is the original's."""
    status = 1
    try:
        try:
            answer = pickle.dumps((function(), None))
        except Exception as error:
            answer = pickle.dumps((None, error))
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(answer)
        status = 0
    finally:
        os._exit(status)
