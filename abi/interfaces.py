"""How interfaces number their messages and pack their arguments: shared by the stubs in the guest and on the host."""

# ---- word 0 of a reply ----
DONE = 0
BAD_REQUEST = 1  # the service does not understand the request
# From the network server, instead of an answer of the service:
UNREACHABLE = 2  # the service has not got the request; word 1: the Outcome (abi/wire.py), word 2: its word
NOT_TRANSFERABLE = 3  # a handle that came with request or answer cannot cross the wire; it is closed
# All other codes are errors that the interface declares.

# ---- numbers: an interface has a range of RANGE, which begins at a multiple of it ----
RANGE = 0x100
FIRST_ERROR = 0x80  # methods count from the base, errors from the base + this

# ---- limits ----
MAX_SCALARS = 3  # words of a request, or of a reply, behind word 0
MAX_PACKED = 2048  # bytes of several arguments in one segment
MAX_TRIES = 3  # of a call that may be repeated
