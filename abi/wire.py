"""The wire: the layout of the frames in which nodes and the host's station call each other's ports.

A call is one *transaction* of one channel between two stations: REQUEST one way, REPLY the other. Each is a message, an
envelope and a segment, in as many frames as it takes. The client drives: it ASKs when nothing comes, and says which
fragments it lacks. The server executes a transaction at most once, and keeps its reply until the next one of that
channel, or an ACK. Stations know each other by announcements, and by a session for each pair that meets.
"""

from enum import IntEnum

# A frame, little-endian but for the EtherType: Ethernet header, header, data, seal.
ETHERTYPE = 0x88B5  # for experiments (IEEE 802, "Local Experimental EtherType 1")
VERSION = 3
MAX_FRAME = 1514  # bytes: Ethernet's 1500 behind 14 of addresses and type
EVERYBODY = 0xFFFF_FFFF_FFFF  # Ethernet address of announcements and queries

# ---- Ethernet ----
DESTINATION = 0  # 6 bytes
SOURCE = 6  # 6 bytes
TYPE = 12  # u16, big-endian
# ---- header ----
FRAME_VERSION = 14  # u16
SESSION = 16  # u64: of the sender with the receiver, new whenever one of the two has lost what it knew of the other
PEER = 24  # u64: the receiver's session with the sender, as the sender knows it; 0: it does not
TRANSACTION = 32  # u64: grows with each call to a station. ANNOUNCE: 0. QUERY, ANSWER: number of the query
KIND = 40  # u8: a Kind
CHANNEL = 42  # u16: of the client with this server; a channel has one call at a time
FRAGMENT = 44  # u16: which, from 0
FRAGMENTS = 46  # u16: of how many
MESSAGE_SIZE = 48  # u32: bytes of all fragments together
DATA_SIZE = 52  # u16: bytes of this frame's data
NODE = 54  # u16: the sender's number
BITS = 56  # u64: WANT, ASK: a bit for each fragment that is missing
DATA = 64
DATA_UNIT = 16  # bytes: data is padded with zeros to a multiple of it
# ---- the seal, directly behind the data (userland/runtime/seal.py) ----
TAG_SIZE = 8  # u64: made with the boot key, of all bytes before it
CHECKSUM_SIZE = 8  # u64: the sum, modulo 2^64, of all u64s before it, the tag included
SEAL_SIZE = TAG_SIZE + CHECKSUM_SIZE

ADDRESS_SIZE = 6
KEY_SIZE = 16  # bytes of the boot key
IDENTITY_SIZE = 16
FRAGMENT_SIZE = (MAX_FRAME - DATA - SEAL_SIZE) // DATA_UNIT * DATA_UNIT  # data of every fragment but the last
MAX_NAME = 120  # bytes

# ---- the envelope, with which the message of a REQUEST, REPLY, QUERY or ANSWER begins: u64s ----
WORDS = 0  # 4 of them: what the kernel's message says
TARGET = 32  # 16 bytes: identity of the port, or group, that is called; 0: the name says which service
BADGE = 48  # of the gate that the call came through
HANDLE = 56  # 16 bytes: identity of the port that the handle which travels with the message is about
HANDLE_BADGE = 72  # of a gate; of a receive right: a Delivery, and ALONE if there are no FRIENDS to wait for
HANDLE_KIND = 80  # abi.objects.Kind: GATE, PORT, REPLY; NONE: no handle; or GROUP
HANDLE_NODE = 88  # where that port was last known to be received: a hint
WAY = 96  # REQUEST: a Way; REPLY: an Outcome
NAME_SIZE = 104  # REQUEST: bytes of a service's name, which follow, padded to 8; 0: TARGET says which port
ROOM = 112  # REQUEST: bytes that the client takes as the reply's segment
TAKEN = 120  # REPLY: 1 if the handle that came with the request was taken
ENVELOPE_SIZE = 128
ALONE = 8
GROUP = 64  # in HANDLE_KIND: a gate to a group, which asks those around whoever has it
MAX_MESSAGE = ENVELOPE_SIZE + MAX_NAME + (1 << 16)  # with a segment of 64 KiB
MAX_FRAGMENTS = (MAX_MESSAGE + FRAGMENT_SIZE - 1) // FRAGMENT_SIZE  # at most 64: they are bits of a word

# ---- the announcement, the message of an ANNOUNCE: u64s, then the name ----
ANNOUNCED_NUMBER = 0
ANNOUNCED_INCARNATION = 8  # how often the node was switched on
ANNOUNCED_START = 16  # of this network server: another number each time it starts
ANNOUNCED_SPEED = 24  # instructions per second
ANNOUNCED_MEMORY = 32  # bytes
ANNOUNCED_FREE = 40  # bytes of memory that nobody uses
ANNOUNCED_LEAVING = 48  # 1: the node is about to go
ANNOUNCED_NAME_SIZE = 56
ANNOUNCED_NAME = 64
MAX_NODE_NAME = 32  # bytes
ANNOUNCEMENT_SIZE = ANNOUNCED_NAME + MAX_NODE_NAME


class Kind(IntEnum):
    """What a frame says. Below 16: from client to server; below 32: from server to client; others: between equals."""

    HELLO = 1  # which session do you have with me?
    REQUEST = 2  # a fragment of a call
    ASK = 3  # how is that transaction? BITS: which fragments of its reply are missing
    ACK = 4  # the reply is here, with what came with it; you can forget it
    CANCEL = 5  # nobody waits for that transaction any more, and nothing of its reply was or will be taken. It is said
    #             until CANCELLED comes; so a new transaction of the channel means that the last one's reply was taken

    WELCOME = 16  # to HELLO; and to a frame for another session: that one is gone, with all that it knew
    WANT = 17  # BITS: fragments of the request that are missing
    WORKING = 18  # the request is here, its reply is not there yet
    BUSY = 19  # no room for another call now: none of it was taken
    REPLY = 20  # a fragment of the reply
    CANCELLED = 21  # to CANCEL: whatever went on for that transaction is over, or will be soon

    ANNOUNCE = 32  # to everybody: who I am, that I live
    PROBE = 33  # are you there? (to one that was not heard of lately)
    ALIVE = 34  # yes
    WHO_HAS = 35  # to everybody: who receives at the port of the envelope's TARGET?
    I_HAVE = 36  # I do
    QUERY = 37  # to everybody: a call to the group TARGET; one frame. Members may see it twice, and may not answer
    ANSWER = 38  # to who asked; one frame


class Way(IntEnum):
    """How a message was sent: what the caller's kernel call was."""

    CALL = 0
    SEND = 1
    NOTIFY = 2  # word 0: the bits
    CLAIM = 3  # of a node: I have that gate too (TARGET, BADGE), keep it alive for me
    RELEASE = 4  # of a node: nobody here has that gate any more; word 0: how often it had come
    AWAIT = 5  # of a node: answer with what is replied to the right TARGET, which comes to you with another message
    FRIENDS = 6  # of a node: the receive right of TARGET comes to you with another message; the segment says who has
    #              gates of it besides you (FRIEND_SIZE bytes each)
    HOLD = 7  # of a node: the receiver of TARGET is about to leave me: send nothing there until you know where it is
    GOODBYE = 8  # of a node: I send nothing on to you for TARGET any more, and have no gates of it that you count
    ELSEWHERE = 9  # of a node that has counted your gates of TARGET, and sent on what came through them: have them
    #                counted where its receiver is, of which everybody knows (word 0: that node). The segment has them


# ---- a record of FRIENDS: u64s ----
FRIEND_BADGE = 0
FRIEND_NODE = 8
FRIEND_TIMES = 16  # how often it was sent a gate of that badge
FRIEND_SIZE = 24

RECOUNTED = 1  # word 0 of FRIENDS: TARGET is with you, these are gates of the sender that you have not counted yet
MOVING = 1  # word 0 of an I_HAVE: but the receiver is about to leave; ask again
OWN_GATES = 1  # word 1 of a RELEASE: of a gate whose end the port was still to be told when its receiver moved


class Delivery(IntEnum):
    """What becomes of messages to a port whose receiver moves to another node."""

    REDIRECT = 0  # the old node sends them on, as long as there are gates that lead there
    PREVENT = 1  # nodes with gates are told before, and hold back what they would send until they know where to
    RECOVER = 2  # nobody is told before, and the old node knows nothing of it afterwards: who misses it asks WHO_HAS


class Outcome(IntEnum):
    """How a call ended at the server's node."""

    ANSWERED = 0  # words and segment are the service's
    NO_SUCH_SERVICE = 1
    NOT_TAKEN = 2  # the service did not get it: word 0 is the kernel's Status
    UNKNOWN = 3  # the service got it and died, or dropped it: nobody knows its effect; word 0 is the kernel's Status
    CANCELLED = 4
    NOT_TRANSFERABLE = 5  # the service answered with a handle that cannot cross the wire
    NO_SUCH_PORT = 6  # nobody here receives at that port, or that gate was never given to you: nothing was done


# ---- time, in nanoseconds; all of it is multiplied by `patience=` of the kernel's command line ----
MILLISECOND = 1_000_000
FIRST_WAIT = 20 * MILLISECOND  # from a request to the first ASK; twice as long each time
LONGEST_WAIT = 500 * MILLISECOND
ANNOUNCE_EVERY = 500 * MILLISECOND
DOUBT = 1_250 * MILLISECOND  # nothing heard of a station for so long: it is PROBEd
PROBE_EVERY = 100 * MILLISECOND
SILENCE = 3_000 * MILLISECOND  # nothing heard for so long: its session is over, as if it had died
# A server may forget a client only when nothing of it can still come: its silence, and a frame's life on the wire.
FORGET = 10_000 * MILLISECOND
