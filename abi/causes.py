"""Why the CPU trapped: the values of `scause` and `mcause`.

Numbers: The RISC-V Instruction Set Manual, volume II (privileged architecture), chapter "Supervisor Cause Register".
"""

INTERRUPT = 1 << 63  # set for interrupts, clear for exceptions

SOFTWARE_INTERRUPT = INTERRUPT | 1
TIMER_INTERRUPT = INTERRUPT | 5
EXTERNAL_INTERRUPT = INTERRUPT | 9

FETCH_MISALIGNED = 0
FETCH_ACCESS = 1
ILLEGAL_INSTRUCTION = 2
BREAKPOINT = 3
LOAD_MISALIGNED = 4
LOAD_ACCESS = 5
STORE_MISALIGNED = 6
STORE_ACCESS = 7
CALL_FROM_USER = 8
CALL_FROM_SUPERVISOR = 9
CALL_FROM_MACHINE = 11
FETCH_PAGE_FAULT = 12
LOAD_PAGE_FAULT = 13
STORE_PAGE_FAULT = 15
