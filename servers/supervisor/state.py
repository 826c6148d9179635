"""The supervisor's own state, for a successor: its table as it is, with the handles of all servers in it.

The RAM disk, and images that were brought for swaps, are mapped at the same addresses in both: what the table says of
names and trace tables stays true.
"""

from atoll.abi.objects import NO_HANDLE, Right
from atoll.abi.raw import address_of, size_of, view
from atoll.abi.types import u64
from atoll.servers.supervisor.instances import window_of
from atoll.servers.supervisor.legacies import KeptNames, kept_names
from atoll.servers.supervisor.machine import board
from atoll.servers.supervisor.services import Instance, Service, Services, services
from atoll.servers.supervisor.worker import jobs
from atoll.userland.runtime.objects import Memory
from atoll.userland.runtime.state import StateReader, StateRefused, StateWriter

VERSION = 2
REST = 16384  # bytes that are enough for all but the table


def size_of_state() -> u64:
    """The most bytes that are written."""
    return size_of(Services) + size_of(KeptNames) + REST


# ---- the old supervisor ----


def export_table(writer: StateWriter) -> None:
    """Write it all."""
    writer.number(VERSION)
    writer.data(view(address_of(services), size_of(Services)))
    for number in range(services.count):
        export_service(writer, services.items[number])
    for instance in services.instances:
        if instance.used:
            export_instance(writer, instance)
    writer.number(jobs.swap_begun)
    writer.moved(jobs.caller.reply)
    writer.data(view(address_of(kept_names), size_of(KeptNames)))
    for item in kept_names.items:
        if item.length > 0:
            writer.copied(item.gate.handle)
    writer.number(u64(jobs.names_are_due))
    writer.number(u64(jobs.is_ending))
    writer.number(jobs.status)


def export_service(writer: StateWriter, service: Service) -> None:
    """The handles of a service; its port, if it is just then between two instances."""
    writer.moved(service.port.handle)
    writer.copied(service.gate.handle)
    writer.copied(service.dma.handle)
    for device in service.opened:
        writer.copied(device.registers.handle)
        writer.copied(device.interrupt.handle)
    for i in range(service.inherited_count):
        writer.copied(service.inherited[i])


def export_instance(writer: StateWriter, instance: Instance) -> None:
    """The handles of a process."""
    writer.copied(instance.program.process.handle)
    writer.copied(instance.program.thread.handle)
    for i in range(instance.program.region_count):
        writer.copied(instance.program.regions[i].memory.handle)
    writer.copied(instance.control.handle)
    writer.copied(instance.image)


# ---- the new one ----


def import_table(reader: StateReader) -> None:
    """Read it all. Raises StateRefused."""
    if reader.number() != VERSION:
        raise StateRefused("a supervisor's table of another version")
    reader.structure(address_of(services), size_of(Services))
    for number in range(services.count):
        import_service(reader, services.items[number])
    for number in range(len(services.instances)):
        if services.instances[number].used:
            import_instance(reader, services.instances[number], u64(number))
    jobs.swap_begun = reader.number()
    reader.moved(address_of(jobs.caller))
    reader.structure(address_of(kept_names), size_of(KeptNames))
    for item in kept_names.items:
        if item.length > 0:
            item.gate.handle = reader.copied()
    jobs.names_are_due = reader.number() != 0
    jobs.is_ending = reader.number() != 0
    jobs.status = reader.number()


def import_service(reader: StateReader, service: Service) -> None:
    """As `export_service`."""
    reader.moved(address_of(service.port))
    service.gate.handle = reader.copied()
    service.dma.handle = reader.copied()
    for device in service.opened:
        device.registers.handle = reader.copied()
        device.interrupt.handle = reader.copied()
    for i in range(service.inherited_count):
        service.inherited[i] = reader.copied()


def import_instance(reader: StateReader, instance: Instance, number: u64) -> None:
    """As `export_instance`."""
    instance.program.process.handle = reader.copied()
    instance.program.thread.handle = reader.copied()
    for i in range(instance.program.region_count):
        instance.program.regions[i].memory.handle = reader.copied()
    instance.control.handle = reader.copied()
    instance.image = reader.copied()
    if instance.image != NO_HANDLE:
        board.itself.map(Memory(instance.image), 0, window_of(number), instance.image_pages, Right.READ)
