"""true: do nothing, with success.

usage: true
"""


def main() -> None:
    """Nothing."""
