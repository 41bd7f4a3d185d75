"""`model = "auto"`: what the machine was measured to do, and the model that follows from it."""

from collections.abc import Callable

from streamtalk.asr.config import FasterWhisperSettings
from streamtalk.asr.whisper.choice import MODELS, Choice, choose
from streamtalk.asr.whisper.decoding import MODES
from streamtalk.asr.whisper.machine import Conditions, cores, measured, remembered
from streamtalk.asr.whisper.model_files import advice
from streamtalk.asr.whisper.places import AUTO, is_here
from streamtalk.proto.errors import EngineMissingError


def conditions(settings: FasterWhisperSettings, threads: int) -> Conditions:
    """Under which the model will run; `threads`: what the table of the service allows."""
    return Conditions(
        cores=cores(),
        threads=bounded_threads(settings, threads),
        device=settings.device,
        compute_type=settings.compute_type,
        beam=MODES[settings.mode]["beam_size"],
    )


def bounded_threads(settings: FasterWhisperSettings, threads: int) -> int:
    """Of one decoding: what is configured, but no more than this process has cores.

    More would only take turns, and take the cores from those who record and play audio.
    """
    return max(1, min(settings.threads or threads, cores()))


def wanted(settings: FasterWhisperSettings, threads: int) -> Choice | None:
    """The best model for this machine, be it here or not; None where it was never measured."""
    speed = remembered(conditions(settings, threads))
    return choose(speed) if speed is not None else None


def measure_and_choose(settings: FasterWhisperSettings, threads: int) -> Choice:
    """The same, measured now where it was not before."""
    return _certain(choose(measured(conditions(settings, threads))), AUTO)


def best_here(
    settings: FasterWhisperSettings, threads: int, here: Callable[[str], bool] = is_here
) -> Choice:
    """The best of the models that are on this machine; raises EngineMissingError for none."""
    speed = measured(conditions(settings, threads))
    wish = _certain(choose(speed), AUTO)
    return _certain(choose(speed, [name for name in MODELS if here(name)]), wish.model)


def is_wanted_here(settings: FasterWhisperSettings, threads: int) -> bool:
    """Whether nothing is left to be fetched: it was measured, and its model is here."""
    choice = wanted(settings, threads)
    return choice is not None and is_here(choice.model)


def _certain(choice: Choice | None, model: str) -> Choice:
    if choice is None:
        raise EngineMissingError(f"no Whisper model is on this machine: {advice(model)}")
    return choice
