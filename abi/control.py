"""What the supervisor says to a server, by calls to the server's control port, and how a server's state goes over.

A swap: the old server is told PARK and serves nobody from then on; its reply brings its state in a memory object. The
new one is given it by ADOPT. Then one kernel call moves the old server's ports and reply handles to the new one
(MOVE_RIGHTS: that is the commit), and ACTIVATE tells it their values. RESUME takes PARK back.
"""

from enum import IntEnum


class Ask(IntEnum):
    """Word 0 of a call to a control port; word 0 of the reply is an Answer."""

    READY = 0x0F00  # answered as soon as the server has started
    PARK = 0x0F01  # -> handle: memory object with the state; word 1: bytes of it
    RESUME = 0x0F02  # go on as if PARK had not been
    ADOPT = 0x0F03  # handle: memory object with the state; word 1: bytes of it
    ACTIVATE = 0x0F04  # segment: the handles that have moved, 64 bits each, in the state's order
    INHERIT = 0x0F05  # handle: something that the server's dead predecessor had; word 1: its serial number, or label
    QUIT = 0x0F06  # the machine is switched off: finish what is to be kept


class Answer(IntEnum):
    """Word 0 of the reply; with REFUSED a segment says why."""

    DONE = 0
    REFUSED = 1


MAX_STATE = 4 << 20  # bytes
MOST_MOVED = 96  # handles that move at the commit
MOST_COPIED = 2048  # handles of which the new server gets duplicates

# ---- the state in its memory object: a header, the handles, then the server's own bytes ----
STATE_MOVED = 0  # how many handles move, the service port first
STATE_COPIED = 8  # how many duplicates there are
STATE_BYTES = 16  # the server's own bytes: how many
STATE_MOVED_HANDLES = 32  # MOST_MOVED places
STATE_COPIED_HANDLES = STATE_MOVED_HANDLES + 8 * MOST_MOVED  # MOST_COPIED places
STATE_DATA = STATE_COPIED_HANDLES + 8 * MOST_COPIED
