"""Atoll: a distributed microkernel operating system written wholly in Python."""

__version__ = "0.1.0"
