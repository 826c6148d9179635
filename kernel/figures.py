"""What STATISTICS tells of the whole machine: each module counts here what it makes and ends."""

from atoll.abi.objects import Statistics

figures: Statistics = Statistics()
