"""The `atoll` command: which commands there are. what each does is in commands/. Heavy imports are made when used."""

import sys
from typing import Annotated

import typer

from atoll import __version__
from atoll.cluster.commands import bench, boot, build, compiling, control, doctor, experiment, new, qemu, simulate
from atoll.cluster.guard import INTERRUPTED, guarded, say

HELP = "Atoll: a distributed microkernel operating system written in Python, on emulated machines."

app = typer.Typer(help=HELP, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

app.command("boot")(guarded(boot.boot))
app.command("run", context_settings={"allow_interspersed_args": False})(guarded(boot.run))
app.command("qemu", context_settings={"allow_interspersed_args": False})(guarded(qemu.qemu))
app.command("attach")(guarded(control.attach))
app.command("ps")(guarded(control.ps))
app.command("swap")(guarded(control.swap))
app.command("monitor", context_settings={"allow_interspersed_args": False})(guarded(control.monitor))
app.command("compile")(guarded(compiling.compile_))
app.command("disasm")(guarded(compiling.disasm))
app.command("new")(guarded(new.new))
app.command("build")(guarded(build.build))
app.command("bench")(guarded(bench.bench))
app.command("simulate")(guarded(simulate.simulate))
app.command("doctor")(guarded(doctor.doctor))

experiments = typer.Typer(help=experiment.HELP, no_args_is_help=True)
experiments.command("load")(guarded(experiment.load))
experiments.command("migration")(guarded(experiment.migration))
app.add_typer(experiments, name="experiment")


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"atoll {__version__}")
        raise typer.Exit


@app.callback()
def _global_options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Options before the command."""


def main() -> None:
    """The entry point of the `atoll` command and of `python -m atoll`."""
    try:
        app(prog_name="atoll")
    except KeyboardInterrupt:                   # outside any command: while modules are imported, for instance
        say("interrupted")
        sys.exit(INTERRUPTED)
