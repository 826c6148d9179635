"""SBI: the supervisor's calls to its firmware, by `ecall`.

Extension number in a7, function in a6, arguments in a0 and up; the answer is an error (0: none) in a0 and a value in
a1. The legacy extensions answer in a0 alone. Numbers: RISC-V Supervisor Binary Interface Specification 2.0.
"""

# ---- extension numbers ----
LEGACY_PUTCHAR = 0x01
BASE = 0x10
TIME = 0x5449_4D45  # "TIME"
DEBUG_CONSOLE = 0x4442_434E  # "DBCN"
SYSTEM_RESET = 0x5352_5354  # "SRST"

# ---- functions ----
BASE_SPEC_VERSION = 0
BASE_PROBE = 3  # a0: extension; value 0: not there
TIME_SET = 0  # a0: the value of `time` at which the timer interrupts
DEBUG_CONSOLE_WRITE = 0  # a0: bytes, a1 and a2: physical address, low and high; value: bytes written
DEBUG_CONSOLE_WRITE_BYTE = 2
SYSTEM_RESET_NOW = 0  # a0: type, a1: reason

# ---- system reset: types and reasons ----
RESET_SHUTDOWN = 0
RESET_COLD_REBOOT = 1
REASON_NONE = 0
REASON_FAILURE = 1

# ---- errors ----
SUCCESS = 0
NOT_SUPPORTED = -2
INVALID_PARAMETER = -3
INVALID_ADDRESS = -5
