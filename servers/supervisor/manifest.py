"""The supervisor's manifest: a text in the initial RAM disk, a line for each service (made by images/recipe.py).

A line is fields with tabs between: the service's name, then `key=value`: program (its file in the RAM disk), name
(under which clients find it; may come twice), priority, quota (pages), device (what it drives), dma (pages of memory
that the device reads and writes), argument.
"""

from atoll.abi.types import Bytes, Text, u64
from atoll.servers.supervisor.services import MOST_DEVICES, MOST_NAMES, MOST_SERVICES, Service, Services
from atoll.userland.runtime.image.initrd import end_of_field, end_of_line, find_byte

EQUALS = 0x3D
COMMENT = 0x23
ZERO = 0x30
NINE = 0x39


class BadManifest(Exception):
    """A line that cannot be understood; the text says which and why."""


def read_manifest(text: Bytes, services: Services) -> None:
    """Fill the table of services, in the order of the lines. Raises BadManifest."""
    start: u64 = 0
    while start < len(text):
        end = end_of_line(text, start)
        if end > start and text[start] != COMMENT:
            read_line(text[start:end], services)
        start = end + 1


def read_line(line: Bytes, services: Services) -> None:
    """One service."""
    if services.count == MOST_SERVICES:
        raise BadManifest(f"more than {MOST_SERVICES} services")
    service = services.items[services.count]
    services.count += 1
    place = end_of_field(line, 0)
    service.name = line[0:place]
    service.program = service.name
    service.priority = 16
    service.quota = 256
    while place < len(line):
        end = end_of_field(line, place + 1)
        equals = find_byte(line, place + 1, EQUALS)
        if equals >= end:
            raise BadManifest(f"{str(service.name, 'utf-8')}: a field without =")
        set_field(service, str(line[place + 1 : equals], "utf-8"), line[equals + 1 : end])
        place = end


def set_field(service: Service, key: Text, value: Bytes) -> None:
    """One `key=value`."""
    match key:
        case "program":
            service.program = value
        case "name" if service.name_count < MOST_NAMES:
            service.names[service.name_count] = value
            service.name_count += 1
        case "device" if service.device_count < MOST_DEVICES:
            service.devices[service.device_count] = value
            service.device_count += 1
        case "argument" if service.argument_count < len(service.arguments):
            service.arguments[service.argument_count] = value
            service.argument_count += 1
        case "priority":
            service.priority = number_of(value)
        case "dma":
            service.dma_pages = number_of(value)
        case "quota":
            service.quota = number_of(value)
        case _:
            raise BadManifest(f"{str(service.name, 'utf-8')}: unknown, or too often: {key}")


def number_of(text: Bytes) -> u64:
    """A decimal number. Raises BadManifest."""
    value: u64 = 0
    for digit in text:
        if digit < ZERO or digit > NINE:
            raise BadManifest(f"not a number: {str(text, 'utf-8')}")
        value = value * 10 + digit - ZERO
    return value
