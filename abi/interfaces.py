"""How interfaces number their messages and pack their arguments: shared by the stubs in the guest and on the host."""

# ---- word 0 of a reply ----
DONE = 0
BAD_REQUEST = 1  # the service does not understand the request; all other codes are errors that the interface declares

# ---- numbers: an interface has a range of RANGE, which begins at a multiple of it ----
RANGE = 0x100
FIRST_ERROR = 0x80  # methods count from the base, errors from the base + this

# ---- limits ----
MAX_SCALARS = 3  # words of a request, or of a reply, behind word 0
MAX_PACKED = 2048  # bytes of several arguments in one segment
MAX_TRIES = 3  # of a call that may be repeated
