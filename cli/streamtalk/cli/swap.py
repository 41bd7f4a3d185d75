"""`streamtalk swap`: another engine, other settings or new code for a stage, while people talk."""

from typing import Annotated, Any, Final

import typer

from streamtalk.cli import engines, overlay
from streamtalk.cli.change import Change, Plan, plan
from streamtalk.cli.options import RunDirOption, find_run_dir
from streamtalk.cli.slots import holding_slots
from streamtalk.cli.stack import Stack
from streamtalk.cli.toml_text import dump
from streamtalk.cli.trial import TrialLimits
from streamtalk.proto.directory import Directory
from streamtalk.proto.errors import ConfigError
from streamtalk.runtime.config import ModelConfig, Table, merge

_WAIT_S: Final = 300.0


def swap(
    service: Annotated[str, typer.Argument(help="vad, turn, asr or tts.")],
    engine: Annotated[
        str | None, typer.Option(help="Engine; without it settings or code change.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="May be repeated.")
    ] = None,
    profile: Annotated[
        str | None, typer.Option(help="Take the settings of this profile of the configuration.")
    ] = None,
    cold: Annotated[bool, typer.Option("--cold", help="Stop the old one first.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen.")] = False,
    wait_s: Annotated[float, typer.Option(help="How long the new one may load.")] = _WAIT_S,
    trial_s: Annotated[
        float | None, typer.Option(help="How long the old one is kept to go back to.")
    ] = None,
    slower: Annotated[
        float | None, typer.Option(help="Go back if slower by this factor; 0: never.")
    ] = None,
    run_dir: RunDirOption = None,
) -> None:
    """Change a stage while people talk with it; what fails changes nothing.

    Without --engine, --set and --profile the same engine is started anew, with the code that is
    installed now. Lasts until `streamtalk down`: `streamtalk up` starts what streamtalk.toml says.
    """
    if service not in engines.STAGES:
        message = (
            f"{service!r} cannot be swapped: choose one of {', '.join(engines.STAGES)}; the others "
            "hold no model: use `streamtalk restart`"
        )
        raise ConfigError(message)
    with holding_slots(find_run_dir(run_dir), service, f"swapping {service}") as (stack, slots):
        directory = slots.directory()
        wanted = _Wanted(service, engine, settings or [], profile)
        choice, table, limits = wanted.validate(stack, directory, trial_s, slower)
        found = plan(slots, directory, choice, table, limits, cold=cold)
        if not dry_run:
            Change(stack, slots, found, wait_s).run()
    if dry_run:
        _describe(found)
    else:
        typer.echo(f"{service} is now {found.choice.engine}, in {', '.join(found.new)}")


class _Wanted:
    """What the command line asks for."""

    def __init__(
        self, service: str, engine: str | None, settings: list[str], profile: str | None
    ) -> None:
        self._service = service
        self._engine = engine
        self._settings = settings
        self._profile = profile

    def validate(
        self, stack: Stack, directory: Directory, trial_s: float | None, slower: float | None
    ) -> tuple[engines.Choice, Table, TrialLimits]:
        """The engine, the overlay and the limits of the trial; raises ConfigError."""
        active = directory.active.get(self._service, [])
        below = overlay.current(stack.run_dir, active[0]) if active else {}
        launch = stack.launch()
        if self._profile is not None:
            below = merge(below, overlay.of_profile(self._service, launch.config, self._profile))
        table = overlay.changed(below, self._engine, self._settings)
        decoded: Any = overlay.validated(self._service, table, launch.config, launch.profile)
        choice = engines.resolve(self._service, decoded.engine)
        engines.require(choice)
        return choice, table, _limits(decoded, trial_s, slower)


def _limits(config: ModelConfig, trial_s: float | None, slower: float | None) -> TrialLimits:
    duration_s = config.trial_s if trial_s is None else trial_s
    factor = config.trial_slower if slower is None else slower
    return TrialLimits(int(duration_s * 1e9), factor)


def _describe(found: Plan) -> None:
    old = ", ".join(f"{i.slot} ({i.engine})" for i in found.old) or "nothing"
    typer.echo(f"{old} would give way to {', '.join(found.new)} ({found.choice.engine})")
    typer.echo("the old one would be stopped first" if found.cold else "both would run meanwhile")
    typer.echo(dump(found.overlay) or "no setting would change\n", nl=False)
