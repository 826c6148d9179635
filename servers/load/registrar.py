"""The registrar's book: which stations are idle, and which of them runs whose program (the chapter's ten steps)."""

from atoll.abi.types import Array, Text, u64
from atoll.servers.load.interface import MOST_NODES, Nobody, NodeFigures
from atoll.servers.load.log import log

MOST_TICKETS = 32
LAST_STEP = 10


class Ticket:
    """A station that was given to somebody."""

    number: u64  # 0: this place is free
    station: NodeFigures
    asker: u64  # node


class Book:
    """Stations in the order in which they became idle: who has waited longest is taken first."""

    stations: Array[NodeFigures, MOST_NODES]
    count: u64
    tickets: Array[Ticket, MOST_TICKETS]
    given: u64

    def register(self, figures: NodeFigures) -> None:
        """Step 1, or off the list again."""
        was_listed = self.remove(figures.node)
        if figures.idle == 0:
            if was_listed:
                log.note(f"registrar: node {figures.node} is not idle any more")
            return
        if self.count == MOST_NODES:
            return
        self.stations[self.count] = figures
        self.count += 1
        if not was_listed:
            log.note(f"registrar: 1. node {figures.node} is idle and registered")

    def request(self, memory: u64, speed: u64, asker: u64) -> tuple[u64, u64]:
        """Steps 2 to 5. Raises Nobody, with what was missing."""
        log.note(f"registrar: 2. node {asker} asks for {memory} pages, {speed} MHz")
        candidates, lacks_memory, lacks_speed = u64(0), u64(0), u64(0)
        for index in range(self.count):
            station = self.stations[index]
            if station.node == asker:
                continue
            candidates += 1
            if station.free_pages < memory:
                lacks_memory += 1
            elif station.speed != 0 and station.speed < speed:
                lacks_speed += 1
            else:
                return station.node, self.give(index, asker)
        log.note("registrar: 3. none fits")
        if candidates == 0:
            raise Nobody("no station is idle")
        raise Nobody(f"of {candidates} idle stations {lacks_memory} lack memory, {lacks_speed} speed")

    def give(self, index: u64, asker: u64) -> u64:
        """Take a station off the list; the ticket."""
        station = self.stations[index]
        self.given += 1
        ticket = self.tickets[self.given % MOST_TICKETS]
        ticket.number, ticket.station, ticket.asker = self.given, station, asker
        log.note(f"registrar: 3. node {station.node} for node {asker}: ticket {self.given}")
        log.note(f"registrar: 4. node {asker} is told")
        log.note(f"registrar: 5. node {station.node} is taken off the list")
        self.remove(station.node)
        return self.given

    def step(self, number: u64, step: u64) -> None:
        """Steps 6 to 10; of a ticket that is not known nothing is said."""
        ticket = self.tickets[number % MOST_TICKETS]
        if ticket.number != number or number == 0:
            return
        log.note(f"registrar: {step}. {name_of(step)} (ticket {number}, node {ticket.station.node})")
        if step == LAST_STEP:
            ticket.number = 0
            if not self.is_listed(ticket.station.node):
                self.register(ticket.station)

    def is_listed(self, node: u64) -> bool:
        """Whether a station is on the list."""
        for index in range(self.count):
            if self.stations[index].node == node:
                return True
        return False

    def remove(self, node: u64) -> bool:
        """Off the list; whether it was on it."""
        kept: u64 = 0
        for index in range(self.count):
            if self.stations[index].node != node:
                if kept != index:
                    self.stations[kept] = self.stations[index]
                kept += 1
        was_listed = kept < self.count
        self.count = kept
        return was_listed

    def forget(self, node: u64) -> None:
        """It is down: its place and its tickets are gone."""
        self.remove(node)
        for ticket in self.tickets:
            if ticket.number != 0 and ticket.station.node == node:
                log.note(f"registrar: node {node} is down: ticket {ticket.number} is void")
                ticket.number = 0


def name_of(step: u64) -> Text:
    """What happens in a step."""
    match step:
        case 6:
            return "the environment is set up"
        case 7:
            return "the program is started"
        case 8:
            return "it runs"
        case 9:
            return "it has ended"
    return "its starter knows"
