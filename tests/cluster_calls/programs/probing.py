"""What the probe can be asked: one of it runs at each node, under two names, and the host tells it what to try."""

from atoll.abi.types import Bytes, Slice, u8, u64
from atoll.userland.runtime.interface import Handle, Interface, ServiceError, idempotent
from atoll.userland.runtime.messages import Gate, Port


class Refused(ServiceError):
    """With two numbers and a text."""

    first: u64
    second: u64


class Probe(Interface, messages=0x7000, errors=(Refused,)):
    """Methods with `far` in their names do the same at the other node's probe."""

    # ---- what is done here ----

    def add(self, a: u64, b: u64) -> u64:
        """The sum. Also the badge of the gate, in the upper half."""

    def reverse(self, data: Bytes) -> u64:
        """Keep the bytes, the last one first; how many."""

    def kept(self, into: Slice[u8]) -> u64:
        """Those bytes."""

    def refuse(self, first: u64, second: u64) -> None:
        """Raises Refused."""

    def wait(self, nanoseconds: u64) -> u64:
        """Answer later; how often that was asked."""

    def drop(self) -> None:
        """Never answer."""

    @idempotent
    def calls(self) -> u64:
        """How many calls of `add` there were."""

    # ---- handles ----

    def open(self, badge: u64) -> Gate:
        """A gate to this probe with a badge."""

    def use(self, gate: Gate, a: u64, b: u64) -> u64:
        """Call `add` through that gate."""

    def keep(self, gate: Gate) -> None:
        """Keep that gate instead of the one before."""

    def forget(self) -> None:
        """Give the kept gate up."""

    def gone(self) -> u64:
        """How many badges of this probe were told to be gone."""

    # ---- rights to reply ----

    def relay(self) -> Gate:
        """Give the right to answer this to the other. (Who has it answers with a gate to itself.)"""

    def take_caller(self, caller: Handle) -> None:
        """Keep a right to reply."""

    def give_caller(self) -> Handle:
        """It, which is not kept any more."""

    def fetch_caller(self) -> None:
        """Keep the one that the other keeps."""

    def answer_caller(self, badge: u64) -> u64:
        """Answer with a gate of that badge; 0, or 1000 + a Status."""

    def drop_caller(self) -> None:
        """Close it."""

    # ---- rights to receive ----

    def open_port(self, badge: u64) -> Gate:
        """Serve at a new port too: a gate to it."""

    def pause_port(self) -> None:
        """Do not receive there now."""

    def take_port(self, port: Port) -> None:
        """Serve there from now on."""

    def give_port(self) -> Port:
        """The port, which is served here no more."""

    def far_take_port(self) -> u64:
        """`take_port` there, of the port here; 0, or which error came."""

    def leave(self, delivery: u64) -> None:
        """Tell the network how the port is to leave."""

    def stay(self) -> None:
        """It does not."""

    def fetch_port(self) -> None:
        """Serve at the port which the other gives."""

    def close_port(self) -> None:
        """Destroy it."""

    def kept_send(self, count: u64) -> None:
        """SEND so many numbers through the kept gate."""

    # ---- what is done at another node ----

    def far_open_port(self, badge: u64) -> None:
        """`open_port` there: the gate is kept."""

    def far_relay(self, patience: u64) -> u64:
        """`relay` there, with that time-out, then `add` 1 and 2 through the gate: the sum, or 1000 + status."""

    def connect(self, node: u64, helper: u64) -> u64:
        """From now on the other is the probe of that node, or its helper; 0, or 1 if there is none."""

    def far_add(self, a: u64, b: u64) -> u64:
        """`add` there."""

    def far_reverse(self, size: u64) -> u64:
        """`reverse` of so many bytes there, then `kept`: how many came back as they should."""

    def far_refuse(self, first: u64, second: u64) -> u64:
        """`refuse` there: the two numbers together, as they came back."""

    def far_wait(self, nanoseconds: u64, patience: u64) -> u64:
        """`wait` there, by a call with that time-out: 1000 + its status, or the answer."""

    def far_drop(self) -> u64:
        """`drop` there: which error came (see `kind_of`)."""

    def far_open(self, badge: u64, a: u64, b: u64) -> u64:
        """`open` there, then `add` through that gate, which is kept."""

    def kept_add(self, a: u64, b: u64) -> u64:
        """`add` through the kept gate: 1000 + an error, or the sum."""

    def far_use(self, badge: u64, a: u64, b: u64) -> u64:
        """`use` there, with a gate to this node's helper."""

    def far_use_kept(self, a: u64, b: u64) -> u64:
        """`use` there, with the kept gate."""

    def far_try_kept(self) -> u64:
        """The same; which error came."""

    def fetch(self) -> Gate:
        """Another handle of the kept gate."""

    def far_fetch(self) -> u64:
        """Keep what the other keeps, and add 1 and 2 through it."""

    def far_give_memory(self) -> u64:
        """`keep` there, with a handle that cannot cross: which error came."""

    def far_send(self, count: u64) -> None:
        """SEND so many numbers there, then NOTIFY."""

    def sent(self) -> u64:
        """What came by SEND: the numbers as decimal digits, and 1 in front of them for each NOTIFY."""

    def objects(self) -> u64:
        """How many ports, gates and handles the kernel here knows, in 16 bits each."""

    def last(self) -> u64:
        """What the last `far_wait` came to, whoever asked for it; 0 as long as it lasts."""

    def load(self, offset: u64, data: Bytes) -> None:
        """A part of another network server's program."""

    def swap(self, size: u64) -> None:
        """Let it take the place of this node's, a moment later."""

    def swapped(self) -> u64:
        """0: not yet; 1: it went well; 2: it failed."""

    def kill(self) -> None:
        """End this node's network server, a moment later."""

    def join(self) -> None:
        """Let calls to the group `probes` come here."""

    def ask_group(self, a: u64, b: u64) -> u64:
        """`add` by the group: 1000 + an error, or the sum."""

    def watch(self) -> u64:
        """Be told who comes and goes; how often that was so far."""
