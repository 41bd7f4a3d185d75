"""How fast and how loud the voice speaks, in steps with limits."""

from typing import Final, Literal, TypeAlias

from streamtalk.orchestrator.assistant.answer import Context, SetRate, SetVolume

Change: TypeAlias = Literal[
    "slower", "faster", "normal_speed", "louder", "quieter", "normal_volume"
]
CHANGES: Final[tuple[Change, ...]] = (
    *("slower", "faster", "normal_speed", "louder", "quieter", "normal_volume"),
)
_STEP: Final = 1.25
_RATE_RANGE: Final = (0.5, 2.0)
_VOLUME_RANGE: Final = (0.2, 2.0)


def change(context: Context, asked: Change) -> SetRate | SetVolume | None:
    """The effect of what was asked; None where the voice is at its limit already."""
    if asked in {"slower", "faster", "normal_speed"}:
        rate = _step(context.rate, asked, _RATE_RANGE)
        return SetRate(rate) if rate != context.rate or asked == "normal_speed" else None
    volume = _step(context.volume, asked, _VOLUME_RANGE)
    return SetVolume(volume) if volume != context.volume or asked == "normal_volume" else None


def _step(value: float, asked: Change, limits: tuple[float, float]) -> float:
    if asked.startswith("normal"):
        return 1.0
    stepped = value * _STEP if asked in {"faster", "louder"} else value / _STEP
    return round(min(max(stepped, limits[0]), limits[1]), 2)
