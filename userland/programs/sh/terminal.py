"""The shell at a console: prompt, news of background jobs, Ctrl-C."""

from atoll.abi.startup import INPUT
from atoll.servers.console.interface import Console
from atoll.servers.load.interface import Load
from atoll.userland.library.paths import working_directory
from atoll.userland.library.processes import copy_of
from atoll.userland.library.services import service
from atoll.userland.programs.sh.jobs import MAX_JOBS
from atoll.userland.programs.sh.state import shell
from atoll.userland.runtime.messages import Gate
from atoll.userland.runtime.objects import close
from atoll.userland.runtime.startup import environment, given


class Terminal:
    """The console."""

    console: Console

    def start(self, gate: Gate) -> bool:
        """Ask for Ctrl-C and for lines, if the input is a console; whether it is. Again before each prompt: others ask
        for it too, and who took keys as they come may have ended without giving lines back."""
        self.console.handle = given(INPUT)
        try:
            self.console.set_foreground(copy_of(gate.handle))
            self.console.set_raw(False)
        except Exception:
            return False
        return True

    def tell_owner(self) -> None:
        """A line was typed: its load server is told that the owner of the machine is there."""
        try:
            load = Load(service("load"))
            try:
                load.owner_back()
            finally:
                close(load.handle)
        except Exception:  # a system without one, or it is being restarted: then nobody takes guests in either
            return

    def prompt(self) -> None:
        """Where we are."""
        print(f"{environment('NODE')} {working_directory()} $ ", end="")

    def report_jobs(self) -> None:
        """Say which background jobs have ended."""
        shell.jobs.look()
        for number in range(MAX_JOBS):
            job = shell.jobs.jobs[number]
            if job.used and job.background and job.left == 0:
                print(f"[{number + 1}] {'done' if job.status == 0 else 'failed'}  {job.text.text}")
                job.used = False
