"""What a mover that is started anew finds: the program manager has noted how far its predecessor's migrations were.

What has come in part is dropped; what was handed over is a guest again; what goes out is given up or finished.
"""

from atoll.abi.types import u64
from atoll.servers.mover.incoming import incoming
from atoll.servers.mover.speakers import Errand, say
from atoll.servers.mover.whereabouts import whereabouts
from atoll.servers.mover.workers import workers
from atoll.servers.programs.interface import Moving, NoSuchProgram, Passage, ProgramState

NODE_SHIFT = 48  # of pids and numbers of migrations
INCARNATION_SHIFT = 32


def recover(node: u64) -> None:
    """All of them, before anybody else is served."""
    moving = Moving(incoming.programs.handle)
    passage = Passage()
    try:
        while True:
            passage = moving.next_passage(passage.next)
            go_on(passage, node)
    except NoSuchProgram:
        return


def go_on(passage: Passage, node: u64) -> None:
    """With one of them."""
    is_ours = passage.pid >> NODE_SHIFT == node
    match passage.state:
        case ProgramState.FROZEN:
            Moving(incoming.programs.handle).discard(passage.pid)
            if is_ours:
                whereabouts.set(passage.pid, passage.node, passage.incarnation)
        case ProgramState.MOVED:
            whereabouts.set(passage.pid, passage.node, passage.incarnation)
        case ProgramState.ENDED:
            tell_end(passage.pid, passage.status)
        case ProgramState.RUNNING:
            is_leaving = passage.id != 0 and passage.id >> NODE_SHIFT == node
            incoming.restore(passage.pid, u64(0) if is_leaving else passage.id, passage.node)
            if is_leaving:
                workers.resume(passage)


def tell_end(pid: u64, status: u64) -> None:
    """Where it was born."""
    say(Errand.ENDED, pid >> NODE_SHIFT, pid >> INCARNATION_SHIFT, pid, 0, status)
