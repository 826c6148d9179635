"""`python -m atoll` is the `atoll` command."""

from atoll.cluster.cli import main

main()
