"""The starter: decides what moves where, and negotiates with the other node's. The mover (servers/mover) does it."""

from atoll.abi.types import u64
from atoll.servers.mover.interface import (
    Immovable,
    MigrationFailed,
    MigrationInDoubt,
    MigrationRefused,
    NoSuchMigration,
    Order,
    Report,
)
from atoll.userland.runtime.interface import Interface, ServiceError


class NotWanted(ServiceError):
    """This node takes no process now; the text says why."""


class Migration(
    Interface,
    messages=0x1400,
    errors=(Immovable, MigrationRefused, MigrationFailed, MigrationInDoubt, NoSuchMigration, NotWanted),
):
    """What can be asked a starter."""

    def migrate(self, order: Order) -> Report:
        """Move a process of this node. Answered when it is done, or given up."""

    def cancel(self, pid: u64) -> None:
        """Give it up, if it has not been handed over yet."""

    def offer(self, pid: u64, source: u64) -> None:
        """Message 1, from another node's starter: will you take it? The reply, message 2: yes. Raises NotWanted."""

    def consider(self, pid: u64, pages: u64, source: u64) -> None:
        """Message 5, from this node's mover: what it needs. The reply, message 6: MigrateIn. Raises NotWanted."""
