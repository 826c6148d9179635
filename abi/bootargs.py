"""Keys of the kernel's command line, `/chosen/bootargs`: words `key=value`, or a key alone, between blanks."""

QUIET = "quiet"  # the kernel prints neither its greeting nor how programs ended; what goes wrong is still printed
NODE = "node"  # the node's name, for example node1
NUMBER = "number"  # the node's number in its cluster, from 1
SEED = "seed"  # of the node's random numbers, 64 bits
INCARNATION = "incarnation"  # how often the node has been switched on, this time included
SPEED = "speed"  # of the node's clock: instructions per second
PATIENCE = "patience"  # all of the network's times are multiplied by it (abi/wire.py)
KEY = "key"  # of the cluster, 16 bytes as 32 hexadecimal digits: whose frames carry its mark belongs to it
INTERACTIVE = "console=interactive"  # somebody sits at the console: a shell is started there
EPOCH = "epoch"  # when the machine was switched on, in seconds since 1 January 1970 (servers/time)

DEFAULT_EPOCH = 1_767_225_600  # seconds from 1970 to 2026-01-01 00:00:00 UTC: of a machine that is told no EPOCH
