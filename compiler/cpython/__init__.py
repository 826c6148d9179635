"""Guest Python in CPython: `with guest_modules(): import ...`, `run_module(path)`, `run_program(path)`.

An independent second implementation of the language: it shares nothing with the compiler but Python's parser, so that
tests can compare the two.
"""

from atoll.compiler.cpython.hook import Outcome, guest_modules, run_module, run_program

__all__ = ["Outcome", "guest_modules", "run_module", "run_program"]
