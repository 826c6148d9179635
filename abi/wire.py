"""The wire: the layout of the frames in which nodes and the host's station call each other's services.

A call is one *transaction* of one channel of one session (a boot of a station): REQUEST one way, REPLY the other, each
in as many fragments as it takes. The client drives: it ASKs when nothing comes, and says which fragments it lacks. The
server executes a transaction at most once, and keeps its reply until the next one of that channel, or an ACK.
"""

from enum import IntEnum

# A frame, little-endian but for the EtherType: Ethernet header, header, data, seal.
ETHERTYPE = 0x88B5  # for experiments (IEEE 802, "Local Experimental EtherType 1")
VERSION = 1
MAX_FRAME = 1514  # bytes: Ethernet's 1500 behind 14 of addresses and type

# ---- Ethernet ----
DESTINATION = 0  # 6 bytes
SOURCE = 6  # 6 bytes
TYPE = 12  # u16, big-endian
# ---- header ----
FRAME_VERSION = 14  # u16
SESSION = 16  # u64: of the sender, new at each of its starts
PEER = 24  # u64: session that the sender believes the receiver to have; 0 in HELLO
TRANSACTION = 32  # u64: grows with each call of a session
KIND = 40  # u8: a Kind
NAME_SIZE = 41  # u8: REQUEST: bytes of the service's name, with which the message begins; 0: TARGET says which
CHANNEL = 42  # u16: of the client; a channel has one call at a time
FRAGMENT = 44  # u16: which, from 0
FRAGMENTS = 46  # u16: of how many
MESSAGE_SIZE = 48  # u32: bytes of all fragments together
DATA_SIZE = 52  # u32: bytes of this frame's data
ROOM = 56  # u32: REQUEST: bytes that the client takes as the reply's segment
OUTCOME = 60  # u32: REPLY: an Outcome
WORDS = 64  # 4 x u64: the message's words; WANT, ASK: word 0 has a bit for each fragment that is missing
TARGET = 96  # 16 bytes: identity of a port. REQUEST: which is called, if there is no name; REPLY: which came with it
DATA = 112
# ---- the seal, directly behind the data (padded with zeros to 8 bytes) ----
TAG_SIZE = 8  # u64: SipHash-2-4, with the boot key, of all bytes before it
CHECKSUM_SIZE = 4  # u32: Adler-32 (RFC 1950) of all bytes before it, the tag included
SEAL_SIZE = TAG_SIZE + CHECKSUM_SIZE

ADDRESS_SIZE = 6
KEY_SIZE = 16  # bytes of the boot key
FRAGMENT_SIZE = (MAX_FRAME - DATA - SEAL_SIZE) // 8 * 8  # data of every fragment but the last
MAX_NAME = 120  # bytes
MAX_MESSAGE = (1 << 16) + MAX_NAME  # a name, padded to 8 bytes, and a segment of 64 KiB
MAX_FRAGMENTS = (MAX_MESSAGE + FRAGMENT_SIZE - 1) // FRAGMENT_SIZE  # at most 64: they are bits of a word


class Kind(IntEnum):
    """What a frame says. From client to server: below 16; from server to client: the others."""

    HELLO = 1  # which session do you have?
    REQUEST = 2  # a fragment of a call
    ASK = 3  # how is that transaction? word 0: which fragments of its reply are missing
    ACK = 4  # the reply is here, you can forget it
    CANCEL = 5  # nobody waits for that transaction any more

    WELCOME = 16  # to HELLO; and to a frame for another session: that one is gone, with all that it knew
    WANT = 17  # word 0: fragments of the request that are missing
    WORKING = 18  # the request is here, its reply is not there yet
    BUSY = 19  # no room for another call now: none of it was taken
    REPLY = 20  # a fragment of the reply


class Outcome(IntEnum):
    """How a call ended at the server's node."""

    ANSWERED = 0  # words and segment are the service's
    NO_SUCH_SERVICE = 1
    NOT_TAKEN = 2  # the service did not get it: word 0 is the kernel's Status
    UNKNOWN = 3  # the service got it and died, or dropped it: nobody knows its effect; word 0 is the kernel's Status
    CANCELLED = 4
    NOT_TRANSFERABLE = 5  # the service answered with a handle that cannot cross the wire


# ---- time, in nanoseconds ----
MILLISECOND = 1_000_000
FIRST_WAIT = 20 * MILLISECOND  # from a request to the first ASK; twice as long each time
LONGEST_WAIT = 500 * MILLISECOND
SILENCE = 4_000 * MILLISECOND  # a client gives up a server that it has not heard of for so long
# A server may forget a client only when nothing of it can still come: its silence, and a frame's life on the wire.
FORGET = 10_000 * MILLISECOND
