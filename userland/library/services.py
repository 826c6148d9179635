"""Services by name: `service("pipe")` is the gate of `/services/pipe`, `find_service("/nodes/node2/services/time")`
that of a name anywhere.
"""

from atoll.abi.startup import NAMING
from atoll.abi.types import Text, u64
from atoll.servers.naming.interface import Naming, NoSuchName, find
from atoll.userland.library.errors import fail
from atoll.userland.runtime.startup import given


def find_service(name: Text) -> u64:
    """The gate of a name, also of another node's and of the cluster's. Raises NoSuchName."""
    return find(Naming(given(NAMING)), name).handle


def service(name: Text) -> u64:
    """The gate of a service. Raises NoSuchName."""
    return find_service(f"/services/{name}")


def expect_service(name: Text) -> u64:
    """The same for a program that can do nothing without it: ends it with a message."""
    try:
        return service(name)
    except NoSuchName:
        fail(name, "there is no such service")
