"""What `streamtalk talk` shows: the conversation, the devices, the time each stage took. Pure."""

from dataclasses import dataclass, field
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from streamtalk.cli.upgrade.news import Upgrade, progress_words, sentence
from streamtalk.proto.device import AudioStatus
from streamtalk.proto.state import SessionState

_STAGES: Final = (
    ("vad", "pause"),
    ("asr", "words"),
    ("turn", "turn"),
    ("llm_first_text", "reply"),
    ("tts_first_audio", "voice"),
    ("playback", "sound"),
)
_PHASES: Final = {
    "listening": ("● listening", "green"),
    "hearing": ("● hearing you", "bold green"),
    "thinking": ("● thinking", "yellow"),
    "speaking": ("● speaking", "cyan"),
    "waiting": ("● waiting for a service", "bold red"),
}
_METER_CELLS: Final = 20
_METER_FLOOR_DB: Final = -60.0
_KEYS: Final = "m mute · p push-to-talk · q quit"
_PUSH_KEYS: Final = "space talk or stop · p open microphone · q quit"


@dataclass
class TalkView:
    """Takes states as they come; `finished` gives out the turns that are over, once."""

    session: SessionState | None = None
    audio: AudioStatus | None = None
    talking: bool = False
    """With push-to-talk: whether the person has the word."""

    refusal: str = ""
    """Why nobody holds the session at the moment."""

    upgrade: Upgrade | None = None
    """The better engine that is on its way."""

    _done: list[SessionState] = field(default_factory=list)
    _told: str = ""

    def hear(self, state: SessionState) -> None:
        """Take the session's state; a new turn ends the one before."""
        before = self.session
        if before is not None and before.turn != state.turn and has_text(before):
            self._done.append(before)
        self.session = state

    def finished(self) -> list[SessionState]:
        """Turns that ended since the last call."""
        done, self._done = self._done, []
        return done

    def close(self) -> list[SessionState]:
        """The last turn ends with the conversation."""
        if self.session is not None and has_text(self.session):
            self._done.append(self.session)
        self.session = None
        return self.finished()

    def upgrade_news(self) -> str:
        """A sentence when an upgrade has come to its next phase, once; else empty."""
        found = sentence(self.upgrade) if self.upgrade is not None else ""
        told, self._told = self._told, found
        return found if found != told else ""

    def render(self) -> RenderableType:
        """The turn that goes on, and the state of everything."""
        lines: list[RenderableType] = []
        if self.session is not None and has_text(self.session):
            lines += [turn_text(self.session), Text()]
        lines.append(self._status_line())
        times = stage_line(self.session) if self.session is not None else None
        lines += [times] if times is not None else []
        if self.upgrade is not None and self.upgrade.phase == "fetching":
            lines.append(fetch_line(self.upgrade))
        lines += [Text(f"! {notice}", "yellow") for notice in self.notices()]
        return Group(*lines)

    def notices(self) -> list[str]:
        """What a person should know and perhaps do."""
        found = [self.refusal]
        if self.audio is not None:
            wait_s = round(self.audio.retry_in_s)
            again = f" (tried again in {wait_s} s)" if wait_s else ""
            found.append(self.audio.reason + again if self.audio.reason else "")
        found.append(self.session.notice if self.session is not None else "")
        return [notice for notice in dict.fromkeys(found) if notice]

    def _status_line(self) -> Text:
        phase = self.session.phase if self.session is not None else "waiting"
        words, style = _PHASES[phase] if self.session is not None else ("● connecting", "yellow")
        line = Text.assemble((words.ljust(24), style))
        audio = self.audio
        if audio is not None:
            line.append_text(self._microphone(audio))
            line.append(f"   {_PUSH_KEYS if audio.push_to_talk else _KEYS}", "dim")
        return line

    def _microphone(self, audio: AudioStatus) -> Text:
        if audio.muted:
            return Text("muted".center(_METER_CELLS), "bold red")
        if audio.push_to_talk and not self.talking:
            return Text("press space to talk".center(_METER_CELLS), "magenta")
        return meter(audio.level_db)


def has_text(state: SessionState) -> bool:
    """Whether anything was said in the turn."""
    return bool(state.user_text or state.reply_text)


def meter(level_db: float) -> Text:
    """A bar from −60 dBFS to full scale."""
    share = 1 - min(1.0, max(0.0, level_db / _METER_FLOOR_DB))
    filled = round(share * _METER_CELLS)
    return Text.assemble(("━" * filled, "green"), ("─" * (_METER_CELLS - filled), "dim"))


def fetch_line(upgrade: Upgrade) -> Text:
    """A bar, the size, the speed and the time left."""
    filled = round(upgrade.share * _METER_CELLS)
    return Text.assemble(
        (f"  {upgrade.engine} {upgrade.model} ", "dim"),
        ("━" * filled, "blue"),
        ("─" * (_METER_CELLS - filled), "dim"),
        (f" {progress_words(upgrade)}", "dim"),
    )


def turn_text(state: SessionState) -> Text:
    """Both sides of a turn: partials dim, what was played bright, what was not dim."""
    said = Text.assemble(("you  ", "bold"), (state.user_text, "" if state.user_final else "dim"))
    if not state.reply_text:
        return said
    heard, rest = state.reply_text[: state.heard_chars], state.reply_text[state.heard_chars :]
    return said.append_text(
        Text.assemble(("\nit   ", "bold cyan"), (heard, "cyan"), (rest, "dim cyan"))
    )


def stage_line(state: SessionState) -> Text | None:
    """Milliseconds of each stage of the last turn that has ended."""
    times = [(word, state.stages_ms[s]) for s, word in _STAGES if s in state.stages_ms]
    if not times:
        return None
    steps = " · ".join(f"{word} {ms:.0f}" for word, ms in times)
    whole = f"{state.voice_to_voice_ms:.0f} ms: " if state.voice_to_voice_ms else "ms: "
    return Text(f"  {whole}{steps}", "dim")


def plain_lines(state: SessionState) -> list[str]:
    """A finished turn without colours, for pipes and files."""
    lines = [f"you: {state.user_text or '(nothing understood)'}"]
    if state.reply_text:
        whole = state.heard_chars >= len(state.reply_text)
        cut = "" if whole else f" (heard: {state.reply_text[: state.heard_chars].rstrip()} …)"
        lines.append(f"it:  {state.reply_text}{cut}")
    return lines
