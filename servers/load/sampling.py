"""Looking at this node: the kernel's figures of the machine, the program manager's of the programs."""

from atoll.abi.objects import NO_HANDLE, STOPPED, Statistics, ThreadState
from atoll.abi.raw import address_of, at
from atoll.abi.types import Array, u8, u64
from atoll.servers.load.interface import HUNDRED, NodeFigures, ProgramLoad
from atoll.servers.load.links import Links
from atoll.servers.load.statistics import PERIOD, Rhythm, Sample, Window
from atoll.servers.memory.interface import MemoryInfo, MemoryManager
from atoll.servers.network.interface import Network
from atoll.servers.programs.interface import INFO_SIZE, Moving, ProgramInfo, Programs, ProgramState
from atoll.userland.runtime.interface import ServiceError
from atoll.userland.runtime.kernel_calls import clock, read_statistics

MOST_PROGRAMS = 64
AT_ONCE = 16  # that are asked for in one call
SECOND = 1_000_000_000  # nanoseconds
# Of a period: less is idle, what servers do by themselves included.
IDLE_BUSY = 2
NODE_SHIFT = 48  # of pids; a program that another node has started has its starter's pid as its parent's


class Tracked:
    """A program, from one look to the next."""

    load: ProgramLoad
    began: u64  # its CPU time when the current statistic began
    messages: u64  # that it has sent
    messages_then: u64  # when the current statistic began
    is_there: bool  # it was seen at the last look


class Sampler:
    """What was seen at the last sample, and what has been made of all of them."""

    manager: Programs
    memory: MemoryManager
    network: Network  # NO_HANDLE until it is known
    links: Links
    window: Window
    rhythm: Rhythm
    tracked: Array[Tracked, MOST_PROGRAMS]
    count: u64
    programs: u64  # now
    active: u64
    statistics: Statistics
    pages: MemoryInfo
    window_began: u64  # nanoseconds
    messages_then: u64  # when the current statistic began
    page_outs_then: u64
    messages_rate: u64  # per second, of the last complete statistic
    page_outs_rate: u64
    waiting: u64  # calls that wait for the network, as it said last

    # the sample before
    time: u64
    idle: u64

    # what that costs
    samples: u64
    skipped: u64
    sampling_time: u64
    answer: Array[u8, AT_ONCE * INFO_SIZE]

    def start(self) -> None:
        """Everything counts from now."""
        read_statistics(self.statistics)
        now = clock()
        self.time, self.idle = now, self.statistics.idle
        self.window_began = now
        self.messages_then = self.statistics.messages
        self.rhythm.sampled(now, False)

    def sample(self) -> None:
        """Take the sample that is due, and enter it for all periods since the last one."""
        begin = clock()
        read_statistics(self.statistics)
        elapsed = max(begin - self.time, 1)
        idle = min(self.statistics.idle - self.idle, elapsed)
        seen = Sample()
        seen.busy = (HUNDRED * (elapsed - idle) + elapsed // 2) // elapsed
        is_idle = seen.busy < IDLE_BUSY
        if not is_idle or self.active > 0:
            self.look()
            self.look_at_network()
        seen.programs, seen.active, seen.waiting = self.programs, self.active, self.waiting
        times = max((elapsed + PERIOD // 2) // PERIOD, 1)
        if self.window.add(seen, times):
            self.end_statistic(begin)
        self.time, self.idle = begin, self.statistics.idle
        self.rhythm.sampled(begin, is_idle and self.active == 0)
        self.samples += 1
        self.skipped += times - 1
        self.sampling_time += clock() - begin

    def end_statistic(self, now: u64) -> None:
        """100 samples are complete: what is told by the second is worked out, and the programs' shares."""
        elapsed = max(now - self.window_began, 1)
        self.messages_rate = (self.statistics.messages - self.messages_then) * SECOND // elapsed
        page_outs = self.pages.page_outs - min(self.page_outs_then, self.pages.page_outs)
        self.page_outs_rate = page_outs * SECOND // elapsed
        for index in range(self.count):
            item = self.tracked[index]
            item.load.recent_cpu = (item.load.cpu_time - item.began) * HUNDRED // elapsed
            item.load.messages = (item.messages - min(item.messages_then, item.messages)) * SECOND // elapsed
            self.look_at_links(item.load)
            item.began, item.messages_then = item.load.cpu_time, item.messages
        self.window_began = now
        self.messages_then = self.statistics.messages
        self.page_outs_then = self.pages.page_outs

    def look_at_network(self) -> None:
        """How many calls wait for it."""
        if self.network.handle != NO_HANDLE:
            self.waiting = self.network.figures().waiting

    def look_at_links(self, load: ProgramLoad) -> None:
        """A program's busiest."""
        try:
            process = Moving(self.manager.handle).open_process(load.pid)
        except ServiceError:  # it has ended
            return
        try:
            load.sent, load.received = self.links.busiest(process)
        finally:
            process.close()

    def pages_of(self, load: ProgramLoad) -> u64:
        """All that a program has, in memory and swapped out; of one that has ended, what was known."""
        try:
            space = Moving(self.manager.handle).describe_migrant(load.pid).space
            info = self.memory.describe(space)
        except ServiceError:
            return load.pages
        return info.resident + info.swapped

    # ---- the programs ----

    def look(self) -> None:
        """Ask the program manager."""
        for index in range(self.count):
            self.tracked[index].is_there = False
        self.programs, self.active = 0, 0
        now = clock()
        first: u64 = 0
        while True:
            found = self.manager.list(first, self.answer[:]) // INFO_SIZE
            for index in range(found):
                self.enter(at(ProgramInfo, address_of(self.answer) + index * INFO_SIZE), now)
            first += found
            if found < AT_ONCE:
                break
        self.forget_ended()
        self.pages = self.memory.totals()

    def enter(self, info: ProgramInfo, now: u64) -> None:
        """A program that the manager has told of."""
        if info.state != ProgramState.RUNNING or info.thread_state >= STOPPED:
            return
        self.programs += 1
        is_active = info.thread_state in (ThreadState.READY, ThreadState.FAULTED)
        self.active += u64(is_active)
        index = self.place_of(info.pid)
        if index == MOST_PROGRAMS:
            return
        item = self.tracked[index]
        item.is_there = True
        load = item.load
        used = info.cpu_time - min(info.cpu_elsewhere, info.cpu_time)
        load.pid, load.age, load.cpu_time = info.pid, now - min(info.started, now), used
        load.mean_cpu = min(used * HUNDRED // max(load.age, 1), HUNDRED)
        load.pages, load.active = info.pages, u64(is_active)
        item.messages = info.messages
        load.home = info.parent >> NODE_SHIFT
        load.name_length = info.name_length
        load.name[:] = info.name[:]

    def place_of(self, pid: u64) -> u64:
        """Where a program is tracked; a new place for a new one; MOST_PROGRAMS if there is no room."""
        for index in range(self.count):
            if self.tracked[index].load.pid == pid:
                return index
        if self.count == MOST_PROGRAMS:
            return MOST_PROGRAMS
        self.tracked[self.count] = Tracked()
        self.count += 1
        return self.count - 1

    def forget_ended(self) -> None:
        """Those that were not seen are gone."""
        kept: u64 = 0
        for index in range(self.count):
            if self.tracked[index].is_there:
                if kept != index:
                    self.tracked[kept] = self.tracked[index]
                kept += 1
        self.count = kept

    # ---- what is told ----

    def describe(self, into: NodeFigures) -> None:
        """All but who the node is, and its load by the index that is set."""
        mean = Sample()
        self.window.means(mean)
        into.time = clock()
        into.programs, into.active = self.programs, self.active
        into.mean_programs, into.mean_active, into.mean_busy = mean.programs, mean.active, mean.busy
        into.busy = self.window.recent_busy
        into.waiting_frames = mean.waiting
        into.links, into.ports = self.statistics.gates, self.statistics.ports
        into.messages = self.messages_rate
        into.page_outs = max(self.page_outs_rate, self.page_outs_lately(into.time))
        into.free_pages = self.free_pages()
        into.samples = self.samples + self.skipped

    def page_outs_lately(self, now: u64) -> u64:
        """A second, since the current statistic began: who has just run short of memory is to be avoided at once."""
        written = self.pages.page_outs - min(self.page_outs_then, self.pages.page_outs)
        return written * SECOND // max(now - min(self.window_began, now), SECOND)

    def free_pages(self) -> u64:
        """Pages that programs could still have in memory."""
        used = self.pages.total - min(self.pages.free, self.pages.total)
        return min(self.pages.limit - min(used, self.pages.limit), self.statistics.free_pages)
