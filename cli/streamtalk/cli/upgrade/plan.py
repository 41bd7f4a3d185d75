"""Whether recognition begins with a stand-in, because the model that is wished for is not here yet.

Pure, but for the two questions that are given to it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from streamtalk.asr.config import AsrConfig
from streamtalk.asr.whisper.places import is_folder
from streamtalk.cli.upgrade.news import Upgrade
from streamtalk.runtime.config import Table

SERVICE: Final = "asr"
ENGINE: Final = "faster_whisper"
STAND_IN: Final = "pocketsphinx"
ENGINE_VARIABLE: Final = "STREAMTALK_ASR__ENGINE"


@dataclass(frozen=True)
class Start:
    """How recognition begins."""

    overlay: Table | None = None
    """What its first slot has over the configuration; None: the configuration says it all."""

    upgrade: Upgrade | None = None
    """What is to be brought; None: nothing."""

    without: tuple[str, ...] = ()
    """Variables that the stack is started without: they would be stronger than the overlay."""


def plan(
    config: AsrConfig, overlay: Table, *, installed: bool, is_here: Callable[[str], bool]
) -> Start:
    """Decide.

    Args:
        config: Settings of the first instance, `overlay` included.
        overlay: What the chain of the configuration gives that instance already.
        installed: Whether the engine's packages are.
        is_here: Whether a model, named as in the configuration, is on this machine and whole.
    """
    named = config.engine == ENGINE
    wished = named or (config.engine == "auto" and config.upgrade == "always")
    if not wished or not installed:
        return Start()
    model = config.engines.faster_whisper.model
    if is_folder(model):
        return Start()
    if is_here(model):
        return Start() if named else Start(overlay={**overlay, "engine": ENGINE})
    if config.upgrade == "never":
        return Start()
    upgrade = Upgrade(service=SERVICE, engine=ENGINE, model=model, stand_in=STAND_IN)
    stand_in = {**overlay, "engine": STAND_IN}
    return Start(stand_in, upgrade, (ENGINE_VARIABLE,))
