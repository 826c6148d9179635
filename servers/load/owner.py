"""The owner of the machine: who types at its console wants it for himself, so guests leave and none is taken in."""

from atoll.abi.types import u64
from atoll.servers.load.interface import ProgramLoad
from atoll.servers.load.log import log
from atoll.servers.load.sampling import Sampler

QUIET = 30_000_000_000  # nanoseconds without a line typed until the owner is taken to be away again


class Owner:
    """Whether he is there."""

    until: u64  # when he will be taken to be away; 0: he is

    @property
    def is_here(self) -> bool:
        """Whether the machine is his just now."""
        return self.until != 0

    def typed(self, sampler: Sampler, own: u64, now: u64) -> bool:
        """He has typed a line; whether he had been away."""
        was_away = not self.is_here
        self.until = now + QUIET
        if not was_away:
            return False
        guests: u64 = 0
        for index in range(sampler.count):
            load = sampler.tracked[index].load
            if is_guest(load, own):
                guests += 1
                name = str(load.name[0 : load.name_length], "utf-8")
                log.note(f"program {load.pid & 0xFFFF_FFFF} ({name}) of node {load.home} has to leave")
        log.note(f"the owner is back: {guests} programs of other nodes")
        return True

    def look(self, now: u64) -> bool:
        """Whether he has just gone."""
        if not self.is_here or now < self.until:
            return False
        self.until = 0
        log.note("the owner is away again")
        return True


def is_guest(load: ProgramLoad, own: u64) -> bool:
    """Whether a program belongs to another node."""
    return load.home != 0 and load.home != own
