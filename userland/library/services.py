"""Services by name: `service("pipe")` is the gate of `/services/pipe`."""

from atoll.abi.startup import NAMING
from atoll.abi.types import Text, u64
from atoll.servers.naming.interface import Naming, NoSuchName
from atoll.userland.library.errors import fail
from atoll.userland.runtime.startup import given


def service(name: Text) -> u64:
    """The gate of a service. Raises NoSuchName."""
    return Naming(given(NAMING)).lookup(f"/services/{name}").handle


def expect_service(name: Text) -> u64:
    """The same for a program that can do nothing without it: ends it with a message."""
    try:
        return service(name)
    except NoSuchName:
        fail(name, "there is no such service")
