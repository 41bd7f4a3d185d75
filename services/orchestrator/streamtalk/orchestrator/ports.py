"""What a conversation asks of the world; the service provides it, tests provide their own."""

from collections.abc import Callable
from typing import Any, Protocol

from streamtalk.orchestrator.exchange import Exchange
from streamtalk.proto.attachment import Attach
from streamtalk.proto.endpointing import Predict, Prediction
from streamtalk.proto.errors import StreamTalkError
from streamtalk.proto.playback import SinkRequest
from streamtalk.proto.recognition import Transcribe, Transcript
from streamtalk.proto.state import SessionState
from streamtalk.proto.synthesis import Speak, Spoken

Failed = Callable[[StreamTalkError], None]


class Reply(Protocol):
    """An answer that is being thought."""

    def cancel(self) -> None:
        """Think no further; no callback comes after this."""


class ReplyEvents(Protocol):
    """Where a thought answer goes, on the conversation's thread."""

    def on_text(self, delta: str) -> None:
        """More of the text."""

    def on_end(self) -> None:
        """The text is complete."""

    def on_failed(self, error: StreamTalkError) -> None:
        """There will be no more text."""


class Ports(Protocol):
    """Calls out of a conversation. All return at once; results come by callback, same thread."""

    def transcribe(
        self, request: Transcribe, done: Callable[[Transcript], None], failed: Failed
    ) -> None:
        """Recognise speech, on another instance when one fails."""

    def predict(self, request: Predict, done: Callable[[Prediction], None], failed: Failed) -> None:
        """Judge the end of a turn; one attempt."""

    def speak(
        self, request: Speak, voice: str, done: Callable[[Spoken], None], failed: Failed
    ) -> str:
        """Have a piece spoken, by the instance at `voice` where it is still there.

        Returns the endpoint that does it, "" when none is ready.
        """

    def another_voice(self, endpoint: str) -> bool:
        """Whether a piece could be spoken by an instance other than this one."""

    def allowed_ms(self, endpoint: str) -> float:
        """How long this voice may take until a piece is heard, before it counts as late."""

    def learn_pace(self, endpoint: str, first_audio_ms: float) -> None:
        """Note how long a voice took."""

    def leave_voice(self, endpoint: str, reason: str) -> None:
        """The voice failed in an answer, which another one finishes.

        `reason`: `stall`, `first_audio`, `gone`, or the code of an error.
        """

    def sound_tone(self, answer: str, piece: int, attempt: int) -> None:
        """Send a tone to the sink, as a piece of an answer that no voice can say."""

    def is_long_away(self, stage: str) -> bool:
        """Whether the stage has had no instance for longer than a restart takes."""

    def cancel_speech(self, session: str, answer: str, voices: set[str]) -> None:
        """Let the voices forget an answer."""

    def sink(
        self, endpoint: str, request: SinkRequest, done: Callable[[Any], None], failed: Failed
    ) -> None:
        """Tell the sink."""

    def attach(
        self, request: Attach, endpoint: str, done: Callable[[Any], None], failed: Failed
    ) -> str:
        """Have the microphone followed, by the instance at `endpoint` where one is named.

        Returns the endpoint that was asked, "" when none is ready.
        """

    def detach(self, session: str, lease: str, endpoint: str) -> None:
        """No longer have it followed."""

    def in_use(self, endpoint: str) -> bool:
        """Whether the `vad` instance is still meant to follow sessions, or is being replaced."""

    def suspect(self, endpoint: str) -> None:
        """The instance is late with its work: others are asked first for a while."""

    def grammar(self) -> str:
        """The grammar to listen with; empty: dictation."""

    def think(self, session: str, exchange: Exchange, events: ReplyEvents) -> Reply:
        """Begin to think of an answer."""

    def record(self, exchange: Exchange) -> None:
        """Write the turn to the history."""

    def keep_answer(self, exchange: Exchange) -> None:
        """Write down which audio belongs to which text, for an owner that comes after a crash."""

    def forget(self, exchange: Exchange) -> None:
        """Take a turn that was none out of the history."""

    def publish(self, session: str, state: SessionState) -> None:
        """Publish the session's state."""

    def after(self, delay_ns: int, function: Callable[[], None]) -> None:
        """Run `function` later."""

    def voice_settings(self) -> tuple[float, float]:
        """(rate, volume) that the person chose."""

    def finished(self, exchange: Exchange) -> None:
        """A turn is over: log its one line of times and lengths, and remember it."""

    def superseded(self) -> None:
        """Another orchestrator owns the session: let go of it."""
