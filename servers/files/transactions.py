"""Transactions: operations are gathered into one until `commit`, which makes all of them permanent, or none.

An operation says at its beginning how many blocks of metadata it may change (its credits), so that the transaction
never becomes too large half-way; one that an error of the disk ended half-way is found by the next. Ordered mode:
contents of files are on the disk before the metadata that names them.
"""

from atoll.abi.types import u64
from atoll.servers.files import log
from atoll.servers.files.cache import COMMITTED, DIRTY
from atoll.servers.files.interface import InputOutputError
from atoll.servers.files.volume import FREE_STEP, MAX_FREED, MAX_REVOKED, Volume

ENOUGH_BLOCKS = 64  # free ones, while which there is no need to wait for those that were freed just now


def begin(volume: Volume, credits: u64) -> None:
    """An operation begins that changes at most `credits` blocks of metadata. Raises ReadOnly, InputOutputError."""
    journal = volume.journal
    if journal.changing:
        abort(volume, "an operation failed half-way")
    volume.require_writable()
    assert credits <= journal.limit, "an operation larger than a transaction"
    full = (
        volume.cache.logged_count + credits > journal.limit
        or journal.freed.count + FREE_STEP > MAX_FREED
        or journal.revoked_count + FREE_STEP > MAX_REVOKED
    )
    if full or (journal.freed.blocks > 0 and volume.free_blocks() < ENOUGH_BLOCKS):
        commit(volume)
    journal.changing = True
    journal.allowed = volume.cache.logged_count + credits


def end(volume: Volume) -> None:
    """The operation is complete, or was refused before it changed anything."""
    volume.journal.changing = False


def commit(volume: Volume) -> None:
    """Everything done so far is on the disk for good when this returns. Raises InputOutputError."""
    journal = volume.journal
    if journal.changing:
        abort(volume, "an operation failed half-way")
    if journal.aborted:
        raise InputOutputError("an earlier error of the disk stopped all writing")
    try:
        volume.cache.write_all(DIRTY)
        if volume.cache.logged_count == 0 and journal.revoked_count == 0:
            volume.cache.flush()
        elif journal.inode == 0:
            volume.cache.transaction_committed()
            volume.cache.write_all(COMMITTED)
            volume.cache.flush()
        else:
            log.write_transaction(volume)
            volume.cache.transaction_committed()
    except InputOutputError as error:
        abort(volume, f"{error}")
        raise
    journal.freed.clear()
    journal.revoked_count = 0
    if journal.inode != 0 and journal.room < log.blocks_needed(volume, journal.limit):
        checkpoint(volume)


def checkpoint(volume: Volume) -> None:
    """Bring home what the log holds, and begin the log anew. Only between transactions."""
    journal = volume.journal
    assert volume.cache.logged_count == 0
    try:
        volume.cache.write_all(COMMITTED)
        volume.cache.flush()
        if journal.inode != 0:
            log.restart(volume, journal.head)
    except InputOutputError as error:
        abort(volume, f"{error}")
        raise


def abort(volume: Volume, reason: str) -> None:
    """The disk failed in the middle: nothing more is written, the last commit is what counts. Said once."""
    if not volume.journal.aborted:
        print(f"files: {reason}; from now on the file system can only be read")
    volume.journal.aborted = True
    volume.cache.frozen = True
    volume.journal.changing = False
    volume.read_only = True
