"""What a replayed conversation asks of the world, answered from the recording in virtual time."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import msgspec

from streamtalk.cli.flight.answers import Answers
from streamtalk.cli.flight.book import CallBook
from streamtalk.cli.flight.microphone import Stream
from streamtalk.cli.flight.recollection import Recollection
from streamtalk.cli.flight.script import Call, Part, Step
from streamtalk.cli.flight.stages import Stages, Timed
from streamtalk.cli.flight.thought import Thought, error_of
from streamtalk.cli.flight.timeline import Timeline
from streamtalk.cli.flight.voice import Key, Loudspeaker, invented, tone
from streamtalk.orchestrator.answer import TONE_SAMPLES
from streamtalk.orchestrator.exchange import Exchange
from streamtalk.orchestrator.ports import Failed, ReplyEvents
from streamtalk.proto.attachment import Attach, Attached
from streamtalk.proto.audio import BYTES_PER_SAMPLE
from streamtalk.proto.endpointing import Predict, Prediction
from streamtalk.proto.errors import (
    NotReadyError,
    OverloadedError,
    StreamTalkError,
)
from streamtalk.proto.playback import SinkRequest
from streamtalk.proto.recognition import Transcribe, Transcript
from streamtalk.proto.synthesis import Speak, Spoken

_MS: Final = 1_000_000
_VOICE: Final = "replay"
"""Endpoint of a voice that is run for real."""

Audio = dict[Key, list[tuple[int, bytes]]]
"""(when, PCM) of every piece that was recorded."""


class World(Recollection):
    """`Ports` of a replay. What the recording cannot answer is made up, and noted."""

    def __init__(
        self,
        part: Part,
        timeline: Timeline,
        streams: dict[str, Stream],
        speech: Audio,
        stages: Stages,
    ) -> None:
        super().__init__(part, timeline)
        self._part = part
        self._timeline = timeline
        self._streams = streams
        self._speech = speech
        self._stages = stages
        self._book = CallBook(part)
        self._asr_free_ns = 0
        self.answers = Answers(part)
        self.speakers: dict[str, Loudspeaker] = {}
        self.mic_sample = 0
        self.on_attach: Callable[[Attach], None] = lambda _: None
        self.leases: dict[str, str] = {}
        """Leases of this replay by those of the recording."""

        self.notes: list[str] = []
        self.diverged = False
        """Whether anything was asked otherwise than in the recording."""

    def note(self, text: str) -> None:
        """Something that the reader of the result has to know."""
        if text not in self.notes:
            self.notes.append(text)

    # Ports.

    def transcribe(
        self, request: Transcribe, done: Callable[[Transcript], None], failed: Failed
    ) -> None:
        """As recorded for the nearest range, or by the engine that is run for real."""
        call = self._book.transcribe(request)
        if self._stages.asr is None:
            self._settle(call, done, failed, "a transcript")
            return
        now_ns = self._timeline.now_ns
        if not request.final and self._asr_free_ns > now_ns:
            self._fail(failed, OverloadedError("the engine is at work"))
            return
        try:
            timed = self._stages.asr.transcribe(request, self._stream(request.stream))
        except StreamTalkError as error:
            self._fail(failed, error)
            return
        self._asr_free_ns = max(now_ns, self._asr_free_ns) + self._took_ns(timed, call)
        self._timeline.at(self._asr_free_ns, lambda: done(timed.result))

    def predict(self, request: Predict, done: Callable[[Prediction], None], failed: Failed) -> None:
        """As recorded, or by the engine that is run for real."""
        call = self._book.predict(request)
        if self._stages.turn is None:
            self._settle(call, done, failed, "a prediction")
            return
        try:
            timed = self._stages.turn.predict(request, self._stream(request.stream))
        except StreamTalkError as error:
            self._fail(failed, error)
            return
        due_ns = self._timeline.now_ns + self._took_ns(timed, call)
        self._timeline.at(due_ns, lambda: done(timed.result))

    def speak(
        self, request: Speak, voice: str, done: Callable[[Spoken], None], failed: Failed
    ) -> str:
        """The recorded audio of this text, or that of the engine that is run for real."""
        del voice
        call = self._book.speak(request)
        if self._stages.tts is not None:
            self.answers.part_ways(request.answer)
            self._speak_anew(request, call, done, failed)
            return _VOICE
        self.answers.spoke(request, call, self._timeline.now_ns)
        if call is None or not call.results:
            return self._speak_invented(request, call, done)
        self._speaker_add(request, self._recorded_audio(call))
        self._settle(call, done, failed, "a piece")
        return call.asked

    def sink(
        self, endpoint: str, request: SinkRequest, done: Callable[[Any], None], failed: Failed
    ) -> None:
        """What the recorded sink answered, where the same was asked; else what a sink answers."""
        now_ns = self._timeline.now_ns
        sink = self._speaker(endpoint).sink
        settle: Callable[[], None]
        try:
            settle = partial(done, sink.obey(request, self.mic_sample))
        except StreamTalkError as error:
            settle = partial(failed, error)
        call = self.answers.match(request, now_ns)
        if call is not None and call.results:
            self._settle(call, done, failed, "an order to the sink")
            return
        if call is not None:
            self._timeline.at(self._afterwards_ns(), settle)
            return
        self.diverged = True
        self._timeline.at(now_ns + _MS, settle)

    def sound_tone(self, answer: str, piece: int, attempt: int) -> None:
        """The tone of a conversation without a voice."""
        order = Speak(session="s", answer=answer, piece=piece, text="", attempt=attempt)
        self._speaker_add(order, [(self._timeline.now_ns, tone(TONE_SAMPLES))])

    def attach(
        self, request: Attach, endpoint: str, done: Callable[[Any], None], failed: Failed
    ) -> str:
        """As recorded; one that was not recorded is granted."""
        self.on_attach(request)
        call = self._book.attach(self._timeline.now_ns)
        if call is None or not call.results:
            self._timeline.at(self._timeline.now_ns + _MS, lambda: done(Attached(lease_ms=5_000)))
            return endpoint or (call.asked if call is not None else "vad")
        recorded: Any = call.request
        self.leases[recorded.lease] = request.lease
        self._settle(call, done, failed, "an attachment")
        return endpoint or call.asked

    def think(self, session: str, exchange: Exchange, events: ReplyEvents) -> Thought:
        """The recorded reply to these words; else the one that this turn had."""
        del session
        thought = Thought(events)
        call = self._book.think(exchange.report())
        if call is None:
            self.note("the recording has no reply for a turn: nothing is said in it")
            self._fail(events.on_failed, NotReadyError("no reply was recorded"))
            return thought
        asked: Any = call.request
        if asked.user_text != exchange.user_text:
            self.note("words that were not said in the recording get the reply of that turn")
        exchange.intent = call.asked
        self._settle_steps(call, thought.tell)
        # A reply that was cut off in the recording, and is not here, ends in the end.
        self._timeline.at(self._part.ends_ns + 1, thought.end)
        return thought

    def after(self, delay_ns: int, function: Callable[[], None]) -> None:
        """Run it when it ran in the recording; else in time."""
        call = self._book.after(self._timeline.now_ns)
        due_ns = self._timeline.now_ns + delay_ns
        if call is None:
            self._timeline.at(due_ns, function)
        elif call.results:
            step = call.results[0]
            self._timeline.at(step.at_ns, function, step.traced.number)
        else:
            self._timeline.at(max(due_ns, self._afterwards_ns()), function)

    # Inside.

    def _settle(
        self, call: Call | None, done: Callable[[Any], None], failed: Failed, of: str
    ) -> None:
        if call is None:
            self.diverged = True
            self.note(f"{of} was asked for that the recording does not have: it fails")
            self._fail(failed, NotReadyError(f"{of} was not recorded"))
            return

        if not call.results:
            error = NotReadyError("the recording ended before the result came")
            self._timeline.at(self._afterwards_ns(), lambda: failed(error))
            return

        def tell(step: Step) -> None:
            if step.what == "error":
                failed(error_of(step))
            else:
                done(step.message)

        self._settle_steps(call, tell)

    def _settle_steps(self, call: Call, tell: Callable[[Step], None]) -> None:
        """Each result as long after the call as it was recorded, and in the recorded order."""
        shift_ns = self._timeline.now_ns - call.at_ns
        self.diverged = self.diverged or shift_ns != 0
        for step in call.results:
            if step.traced.within and step.at_ns == call.at_ns:
                tell(step)
            elif shift_ns:
                self._timeline.at(step.at_ns + shift_ns, partial(tell, step))
            else:
                self._timeline.at(step.at_ns, partial(tell, step), step.traced.number)

    def _fail(self, failed: Failed, error: StreamTalkError) -> None:
        self._timeline.at(self._timeline.now_ns + _MS, lambda: failed(error))

    def _took_ns(self, timed: Timed, call: Call | None) -> int:
        if not self._stages.recorded_latency:
            return timed.took_ns
        return call.results[0].at_ns - call.at_ns if call and call.results else _MS

    def _speak_anew(
        self,
        request: Speak,
        call: Call | None,
        done: Callable[[Spoken], None],
        failed: Failed,
    ) -> None:
        stage = self._stages.tts
        now_ns = self._timeline.now_ns
        try:
            chunks, spoken, took_ns = stage.speak(request) if stage else ([], None, 0)
        except StreamTalkError as error:
            self._fail(failed, error)
            return
        if self._stages.recorded_latency:
            took_ns = self._took_ns(Timed(None, took_ns), call)
            chunks = [type(chunk)(took_ns, chunk.pcm) for chunk in chunks]
            spoken = spoken and _timed_alike(spoken, took_ns)
        self._speaker_add(request, [(now_ns + c.after_ns, c.pcm) for c in chunks])
        if spoken is not None:
            self._timeline.at(now_ns + took_ns, lambda: done(spoken))

    def _speak_invented(
        self, request: Speak, call: Call | None, done: Callable[[Spoken], None]
    ) -> str:
        due_ns = self._timeline.now_ns + _MS
        if call is not None:
            # It was cancelled, or the recording ended, before it was made.
            due_ns = self._afterwards_ns()
        else:
            self.diverged = True
            self.note("a text that was not spoken in the recording is a tone of about its length")
        chunks, spoken = invented(request)
        self._speaker_add(request, [(due_ns, chunk.pcm) for chunk in chunks])
        self._timeline.at(due_ns, lambda: done(spoken))
        return call.asked if call is not None else _VOICE

    def _afterwards_ns(self) -> int:
        """When the recording, which tells no more of it, is over."""
        return max(self._timeline.now_ns, self._part.ends_ns) + _MS

    def _recorded_audio(self, call: Call) -> list[tuple[int, bytes]]:
        """All of a piece exists when it was said to be made; until then, what had been sent."""
        order: Any = call.request
        rows = self._speech.get((order.answer, order.piece, order.attempt), [])
        made_ns = call.results[-1].at_ns
        shift_ns = self._timeline.now_ns - call.at_ns
        audio = [(min(at_ns, made_ns) + shift_ns, pcm) for at_ns, pcm in rows]
        spoken = call.results[-1].message
        if isinstance(spoken, Spoken):
            there = sum(len(pcm) for _, pcm in rows) // BYTES_PER_SAMPLE
            if there < spoken.total_samples:
                # It was cut off there, and may now be played on.
                rest = tone(spoken.total_samples - there)
                audio.append((made_ns + shift_ns, rest))
        return audio

    def _speaker(self, endpoint: str) -> Loudspeaker:
        return self.speakers.setdefault(endpoint, Loudspeaker())

    def _speaker_add(self, request: Speak, chunks: list[tuple[int, bytes]]) -> None:
        for speaker in self.speakers.values():
            speaker.add(request, chunks)

    def _stream(self, name: str) -> Stream:
        return self._streams.get(name) or Stream(0)


def _timed_alike(spoken: Spoken, took_ns: int) -> Spoken:
    """The reply as if all of it had come at once: what was measured now would differ each time."""
    took_ms = took_ns / 1e6
    return msgspec.structs.replace(spoken, first_audio_ms=took_ms, compute_ms=took_ms)
