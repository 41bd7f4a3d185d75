"""Plays one recorded conversation back through the real decisions, in virtual time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import msgspec

from streamtalk.cli.flight.follower import Follower
from streamtalk.cli.flight.microphone import Stream
from streamtalk.cli.flight.script import Part, Step, is_entry
from streamtalk.cli.flight.stages import Stages
from streamtalk.cli.flight.timeline import Timeline
from streamtalk.cli.flight.world import Audio, World
from streamtalk.client.cadence import Cadence
from streamtalk.orchestrator.hearing import HearingConfig
from streamtalk.orchestrator.overlap import ConversationConfig
from streamtalk.orchestrator.splitter import SplitterConfig
from streamtalk.orchestrator.traced_conversation import TracedConversation
from streamtalk.proto.attachment import Attach
from streamtalk.proto.audio import FRAME_MS, MIC_FRAME_SAMPLES
from streamtalk.proto.codec import decode
from streamtalk.proto.errors import ConfigError
from streamtalk.proto.state import PlaybackState, VadState
from streamtalk.proto.trace import Traced
from streamtalk.runtime.config import Table, decode_table, merge

_FRAME_NS: Final = FRAME_MS * 1_000_000
_EXTRA_NS: Final = 60_000_000_000
"""A conversation that takes longer than it did is played on for so long."""


@dataclass(frozen=True)
class PartSettings:
    """The tables that decide, as recorded and with what the person changed."""

    hearing: HearingConfig
    conversation: ConversationConfig
    splitter: SplitterConfig


def part_settings(part: Part, changes: Mapping[str, Any]) -> PartSettings:
    """Raises ConfigError for a key that is not there."""
    tables: Table = merge(msgspec.json.decode(part.opened.settings), changes)
    kinds: dict[str, type[msgspec.Struct]] = {
        "hearing": HearingConfig,
        "conversation": ConversationConfig,
        "splitter": SplitterConfig,
    }
    unknown = sorted(set(changes) - set(kinds))
    if unknown:
        known = ", ".join(f"orchestrator.{name}" for name in kinds)
        raise ConfigError(f"orchestrator.{unknown[0]} cannot be changed in a replay, only {known}")
    decoded: dict[str, Any] = {
        name: decode_table(f"orchestrator.{name}", tables.get(name, {}), kind)
        for name, kind in kinds.items()
    }
    return PartSettings(**decoded)


@dataclass
class Material:
    """What was recorded of one session besides its trace."""

    streams: dict[str, Stream] = field(default_factory=dict)
    speech: Audio = field(default_factory=dict)


class Playing:
    """One run; `run` gives the trace that the conversation left this time."""

    def __init__(
        self, part: Part, material: Material, stages: Stages, settings: PartSettings
    ) -> None:
        self._part = part
        self._streams = material.streams
        self._stages = stages
        self._trace: list[Step] = []
        self._timeline = Timeline(part.opened_ns)
        self.world = World(part, self._timeline, material.streams, material.speech, stages)
        opened = part.opened
        self._conversation = TracedConversation(
            opened.request,
            opened.term,
            self.world,
            settings,
            self._timeline.clock_ns,
            opened.next_turn,
            self._keep,
        )
        self._conversation.hearing.stream = opened.stream
        self._conversation.hearing.consumed = opened.consumed
        self.world.diverged = stages.any
        self._dues = {step.traced.due_ns for step in part.steps}
        self._ticks: set[int] = set()
        self._cadence = Cadence(part.opened_ns)
        self._state_ns = 0
        self._shown: tuple[object, ...] = ()
        self._last_frame_ns = part.opened_ns
        self._closing: Step | None = None
        self._closed = False
        self._follower: Follower | None = None
        if stages.vad is not None:
            self._follower = Follower(stages.vad, material.streams, self._conversation.on_vad)
            self.world.on_attach = self._attach

    def run(self) -> list[Step]:
        """Play to the end of the recording, and on while something is still being said."""
        self._conversation.tape.wanted = True
        self._conversation.tape.begin(self._part.opened)
        self._conversation.tick()
        for step in self._part.steps:
            if is_entry(step):
                self._plan(step)
        for name, stream in self._streams.items():
            for arrival in stream.arrivals:
                if self._part.opened_ns <= arrival.at_ns <= self._part.ends_ns:
                    frame = partial(self._frame, name, arrival.end, arrival.end - arrival.sample)
                    self._timeline.at(arrival.at_ns, frame)
        self._timeline.at(self._part.ends_ns, self._end)
        while self._timeline.advance():
            self._watch_silence()
            if self._closed:
                break
        return self._trace

    def _keep(self, traced: Traced, payload: bytes) -> None:
        self._trace.append(Step(traced, decode(payload) if payload else None))

    def _plan(self, step: Step) -> None:
        """What comes from outside comes when it came; results come when they are asked for."""
        conversation, text = self._conversation, step.traced.text
        message: Any = step.message
        actions = {
            "vad": lambda: self._on_vad(message),
            "playback": lambda: self._on_playback(step, message),
            "renew": lambda: conversation.renew(message),
            "typed": lambda: conversation.typed(text),
            "say": lambda: conversation.say(text),
            "lose": lambda: conversation.lose(text),
            "look": conversation.look,
            "tick": conversation.tick,
        }
        action = actions.get(step.what)
        if action is not None:
            self._timeline.at(step.at_ns, lambda: (action(), None)[1], step.traced.number)
        elif step.what == "close":
            self._closing = step

    def _on_vad(self, state: VadState) -> None:
        if self._follower is None:
            lease = self.world.leases.get(state.lease, self._conversation.attachment.lease)
            self._conversation.on_vad(msgspec.structs.replace(state, lease=lease))

    def _on_playback(self, step: Step, state: PlaybackState) -> None:
        speaking = self._conversation.speaking
        answers = self.world.answers
        if speaking is None or answers.holds(speaking.answer.answer, step):
            self._conversation.on_playback(answers.translated(state))

    def _attach(self, request: Attach) -> None:
        if self._follower is not None:
            self._follower.attach(request, self._timeline.now_ns)

    def _watch_silence(self) -> None:
        """Tick when a silence is long enough that the recording knows nothing of."""
        due_ns = self._conversation.hearing.due_ns()
        if due_ns is None or due_ns in self._dues or due_ns in self._ticks:
            return
        self._ticks.add(due_ns)
        self._timeline.at(due_ns, self._tick_anew)

    def _tick_anew(self) -> None:
        self.world.diverged = True
        self._conversation.tick()

    def _frame(self, stream: str, end: int, samples: int) -> None:
        """The microphone has heard more, and the loudspeaker has played as much."""
        if stream != self._conversation.request.stream:
            return
        now_ns = self._timeline.now_ns
        self._last_frame_ns = now_ns
        for at in range(end - samples + MIC_FRAME_SAMPLES, end + 1, MIC_FRAME_SAMPLES):
            self.world.mic_sample = at
            for speaker in self.world.speakers.values():
                if not speaker.sink.at_rest:
                    speaker.pull(at, now_ns)
        if self._follower is not None:
            self._follower.follow(end, now_ns)
        self._show(now_ns)

    def _show(self, now_ns: int) -> None:
        """The state of the simulated sink, where the recorded one no longer holds."""
        speaking = self._conversation.speaking
        if speaking is None or self.world.answers.knows(speaking.answer.answer):
            return
        speaker = self.world.speakers.get(self._conversation.request.sink)
        if speaker is None:
            return
        state = speaker.sink.state(self.world.mic_sample)
        shown = (state.playing, state.ended, state.starved, state.first_audible)
        if shown != self._shown or now_ns >= self._state_ns:
            self._shown = shown
            self._state_ns = self._cadence.next_ns(now_ns, at_rest=speaker.sink.at_rest)
            self._conversation.on_playback(state)

    def _end(self) -> None:
        """The recording is over: so is the conversation, unless it went another way."""
        now_ns = self._timeline.now_ns
        late = now_ns >= self._part.ends_ns + _EXTRA_NS
        if not self.world.diverged or self._conversation.idle or late:
            if self._closing is not None:
                self._conversation.close(wanted=self._closing.traced.kind == "wanted")
            self._closed = True
            return
        self._frame(
            self._conversation.request.stream,
            self.world.mic_sample + MIC_FRAME_SAMPLES,
            MIC_FRAME_SAMPLES,
        )
        self._conversation.tick()
        self._timeline.at(now_ns + _FRAME_NS, self._end)
