"""Numbers that guest and host agree upon: how often each loop runs, and the mark before it (behind it: one more)."""

COUNT = 256
MANY = 20_000  # round trips whose time the host takes
END = 1 << 32  # the last mark

EMPTY = 0  # a loop without a call
NULL = 2
ROUND_TRIP = 4
TIMED_ROUND_TRIP = 6  # MANY of them
SEGMENT_ROUND_TRIP = 8
SWITCH = 10
FAULT = 12
MAPPED_FAULT = 14  # half of COUNT
FAULT_TWICE = 16  # the same with twice as many: the difference is what COUNT of them cost
MAPPED_FAULT_TWICE = 18
LIBRARY_ROUND_TRIP = 20
PROCESS = 22
EMPTY_PROCESS = 24
STUB = 26  # a call through a stub
DISPATCH = 28  # what the server's stub does with one

BEGIN = 0  # of longest.py

YIELDER = 1  # instructions besides its call of the process that yields back
