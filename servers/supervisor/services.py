"""Services and their instances. A service is a line of the manifest, with the port that its clients know; an instance
is a process that serves it: there are two of one service only while it is swapped.
"""

from atoll.abi.objects import NO_HANDLE
from atoll.abi.types import Array, Bytes, u64
from atoll.servers.supervisor.devices import Device
from atoll.servers.supervisor.interface import ServiceState
from atoll.userland.runtime.image.resident import Program
from atoll.userland.runtime.messages import Gate, Port
from atoll.userland.runtime.objects import Memory

MOST_SERVICES = 20
MOST_INSTANCES = MOST_SERVICES + 2  # one more while it is swapped, one that is being taken apart
MOST_NAMES = 4
MOST_DEVICES = 2
MOST_ARGUMENTS = 4
MOST_INHERITED = 64
NO_INSTANCE = 0xFFFF
ELASTIC = 512  # pages: who wants so many makes do with fewer on a machine with little memory


class Instance:
    """A process of a service."""

    used: bool
    has_handed_over: bool  # it was swapped, and is about to end
    program: Program
    service: u64
    control: Gate
    image: u64  # memory object of a program that was brought for a swap, mapped; NO_HANDLE: it is in the RAM disk
    image_pages: u64


class Service:
    """What the manifest says of a service, and how it goes."""

    # of the manifest
    name: Bytes
    program: Bytes  # its file in the RAM disk
    names: Array[Bytes, MOST_NAMES]
    name_count: u64
    devices: Array[Bytes, MOST_DEVICES]
    device_count: u64
    opened: Array[Device, MOST_DEVICES]  # once the service was first started
    is_opened: bool
    dma_pages: u64  # memory that its device reads and writes itself
    dma: Memory  # ours: a device that was left at work never writes into what has become somebody else's
    arguments: Array[Bytes, MOST_ARGUMENTS]
    argument_count: u64
    priority: u64
    quota: u64  # pages

    # its port
    port: Port  # ours while no instance has it
    gate: Gate  # what clients get duplicates of

    # how it goes
    state: ServiceState
    instance: u64  # which serves; NO_INSTANCE: none
    generation: u64  # starts after a death
    version: u64  # swaps
    last_pause: u64  # of a swap; nanoseconds
    longest_pause: u64
    failures: u64  # deaths in a row, each soon after the start
    started: u64  # nanoseconds since power-on
    restart_at: u64

    # what its predecessors left for it: processes of the program manager
    inherited: Array[u64, MOST_INHERITED]
    inherited_count: u64
    is_heir: bool  # its server has yet to be given them


class Services:
    """All of them, in the order of the manifest."""

    items: Array[Service, MOST_SERVICES]
    count: u64
    instances: Array[Instance, MOST_INSTANCES]

    def find(self, name: Bytes) -> Service | None:
        """The service of that name."""
        for number in range(self.count):
            if self.items[number].name == name:
                return self.items[number]
        return None

    def number_of(self, name: Bytes) -> u64:
        """Its place; `count` if there is none of that name."""
        for number in range(self.count):
            if self.items[number].name == name:
                return number
        return self.count

    def fit(self, pages: u64) -> None:
        """So many pages are there for all: if that is less than the manifest says, those who want much get less."""
        elastic: u64 = 0
        fixed: u64 = 0
        for number in range(self.count):
            service = self.items[number]
            fixed += service.dma_pages
            if service.quota >= ELASTIC:
                elastic += service.quota
            else:
                fixed += service.quota
        left = pages - min(fixed, pages)
        if left >= elastic:
            return
        for number in range(self.count):
            service = self.items[number]
            if service.quota >= ELASTIC:
                service.quota = service.quota * left // elastic

    def free_instance(self) -> u64:
        """A place for another process; there is one, since swaps come one at a time."""
        number: u64 = 0
        while self.instances[number].used:
            number += 1
        return number

    def of_instance(self, number: u64) -> Service:
        """The service that an instance belongs to."""
        return self.items[self.instances[number].service]

    def serves(self, number: u64) -> bool:
        """Whether that instance is the one that its service has."""
        return self.instances[number].used and self.of_instance(number).instance == number


services: Services = Services()


def start_table() -> None:
    """No instance yet."""
    for service in services.items:
        service.instance = NO_INSTANCE
        service.port.handle = NO_HANDLE
        service.gate.handle = NO_HANDLE
