"""A recording that is played back decides what was decided."""

import contextlib
import inspect
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from streamtalk.asr.engine import Heard, Speech
from streamtalk.asr.engines.scripted import ScriptedEngine
from streamtalk.cli.flight.decisions import decisions_of
from streamtalk.cli.flight.file import STOPPED, Row, read_recording
from streamtalk.cli.flight.microphone import Arrival, Stream
from streamtalk.cli.flight.playing import Material, Playing, part_settings
from streamtalk.cli.flight.script import Part, Step, parts_of
from streamtalk.cli.flight.stages import Stages, build_stages
from streamtalk.client.ring import RingCache
from streamtalk.orchestrator.traced_conversation import TracedConversation
from streamtalk.proto.audio import FRAME_MS, MIC_FRAME_BYTES, MIC_FRAME_SAMPLES
from streamtalk.proto.endpointing import Predict, Prediction
from streamtalk.proto.errors import ConfigError
from tests.flight.scenes import recorded, write_rows
from tests.orchestrator import test_conversation, test_late_voice, test_moving_vad
from tests.orchestrator.room import Room

pytestmark = pytest.mark.unit

REACHES_INSIDE = {"test_interrupted_answer_does_not_begin_again_at_a_new_sink"}
"""Scenes that stop an answer by hand, which enters by no door that could be recorded."""

MODULES = (test_conversation, test_moving_vad, test_late_voice)
SCENES: dict[str, Callable[[], None]] = {
    name: scene
    for module in MODULES
    for name, scene in vars(module).items()
    if name.startswith("test_")
    and name not in REACHES_INSIDE
    and not inspect.signature(scene).parameters
}
FRAME_NS = FRAME_MS * 1_000_000
IDS = {"answer", "lease", "playing", "ended"}


def part_of(path: Path, rows: list[Row], reason: str = STOPPED) -> Part:
    """The only conversation of these rows."""
    (part,) = parts_of(read_recording(write_rows(path, rows, reason)))
    return part


def play(part: Part, stages: Stages | None = None, **changes: object) -> list[Step]:
    """The trace that a replay leaves."""
    settings = part_settings(part, changes)
    return Playing(part, material(part), stages or Stages(), settings).run()


def material(part: Part) -> Material:
    """A silent microphone that has run all the time, 20 ms by 20 ms."""
    count = (part.ends_ns - 10**12) // FRAME_NS
    ends = [(number + 1) * MIC_FRAME_SAMPLES for number in range(count)]
    arrivals = [
        Arrival(10**12 + end // MIC_FRAME_SAMPLES * FRAME_NS, end - MIC_FRAME_SAMPLES, end)
        for end in ends
    ]
    return Material({"mic": Stream(0, bytearray(count * MIC_FRAME_BYTES), arrivals)})


def plain(steps: list[Step]) -> list[object]:
    """Everything but random ids, numbers, and the attachment, which a replay has as it likes."""
    attaching = {step.traced.call for step in steps if step.traced.kind == "attach"}
    kept: list[object] = []
    for step in steps:
        traced = step.traced
        if step.what in ("opened", "tick") or (traced.call and traced.call in attaching):
            continue
        message = msgspec.to_builtins(step.message) if step.message else None
        kept.append((traced.at_ns, traced.what, traced.kind, traced.within, _nameless(message)))
    return kept


def _nameless(item: object) -> object:
    if isinstance(item, dict):
        return {key: _nameless(value) for key, value in item.items() if key not in IDS}
    return [_nameless(value) for value in item] if isinstance(item, list) else item


@pytest.mark.parametrize("name", sorted(SCENES))
def test_scene_is_decided_alike(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every scene of a conversation, interruptions and failures included, comes out the same."""
    for number, rows in enumerate(recorded(SCENES[name], monkeypatch)):
        part = part_of(tmp_path / f"{number}.strec", rows)
        assert plain(part.steps) == plain(play(part))


def question() -> None:
    """One question and its answer."""
    room = Room()
    room.ask("what time is it", "It is noon.")
    room.wait_idle()
    room.pass_ms(100)


def late_recording() -> None:
    """A recorder that comes after the first turn, in a stream that is long under way."""
    room = Room()
    room.ask("hello", "Hello.")
    room.wait_idle()
    conversation = room.conversation
    assert isinstance(conversation, TracedConversation)
    conversation.tape.want(wanted=True)
    room.pass_ms(1_500)
    room.ask("tell me", test_conversation.LONG)
    room.pass_ms(3_000)
    room.ask("stop that", "All right.")
    room.wait_idle()
    room.pass_ms(100)


def test_recording_from_the_second_turn_on_is_decided_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the conversation knew when the recorder came is in the recording."""
    (rows,) = recorded(late_recording, monkeypatch, at_once=False)
    part = part_of(tmp_path / "a.strec", rows)
    assert plain(part.steps) == plain(play(part))
    assert [turn.turn for turn in decisions_of(part.steps).turns] == [2, 3]


def test_two_replays_are_the_same_to_the_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Decisions hold no random ids and no time of the replay."""
    (rows,) = recorded(test_conversation.test_person_cuts_in, monkeypatch)
    part = part_of(tmp_path / "a.strec", rows)
    first = msgspec.json.encode(decisions_of(play(part)))
    (again,) = parts_of(read_recording(tmp_path / "a.strec"))
    assert first == msgspec.json.encode(decisions_of(play(again)))
    assert b'"interrupted":true' in first


def test_changed_rule_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a shorter bound on silence the same words are committed earlier, and nothing else is."""
    (rows,) = recorded(question, monkeypatch)
    part = part_of(tmp_path / "a.strec", rows)
    (before,) = decisions_of(part.steps).turns
    (after,) = decisions_of(play(part, hearing={"max_silence_ms": 100})).turns
    assert before.committed is not None
    assert after.committed is not None
    assert after.committed < before.committed
    assert (after.user_text, after.heard_text) == (before.user_text, before.heard_text)


def test_changed_barge_in_rule_lets_it_speak_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that is cut off later is played on by a simulated sink until then."""
    (rows,) = recorded(test_conversation.test_person_cuts_in, monkeypatch)
    part = part_of(tmp_path / "a.strec", rows)
    before = decisions_of(part.steps).turns
    after = decisions_of(play(part, conversation={"barge_in_ms": 60_000})).turns
    assert test_conversation.LONG.startswith(after[0].heard_text)
    assert len(after[0].heard_text) > len(before[0].heard_text) > 0
    assert after[1].heard_text == before[1].heard_text == "All right."


def test_other_recogniser_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another engine makes of the words is in the turn, and the recorded reply is given."""
    (rows,) = recorded(question, monkeypatch)
    part = part_of(tmp_path / "a.strec", rows)
    settings = ['asr.engines.scripted.texts=["what day is it"]']
    stages = build_stages(["asr=scripted"], settings, {}, {}, recorded_latency=True)
    playing = Playing(part, material(part), stages, part_settings(part, {}))
    (turn,) = decisions_of(playing.run()).turns
    assert (turn.user_text, turn.reply_text) == ("what day is it", "It is noon.")
    assert turn.heard_text == "It is noon."
    assert any("reply of that turn" in note for note in playing.world.notes)


def test_other_recogniser_knows_how_sure_voice_activity_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A quiet question is judged in a replay as it would have been then."""
    voices: list[float] = []

    def hear(_: ScriptedEngine, speech: Speech) -> Heard:
        voices.append(speech.voice)
        return Heard("", "en", 0.0)

    (rows,) = recorded(test_conversation.test_recogniser_is_told_how_sure, monkeypatch)
    part = part_of(tmp_path / "a.strec", rows)
    monkeypatch.setattr(ScriptedEngine, "hear", hear)
    play(part, build_stages(["asr=scripted"], [], {}, {}, recorded_latency=True))
    assert voices[-1] == 0.8


def test_other_voice_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A voice of another speed is heard to its end, and ends at another time."""
    (rows,) = recorded(question, monkeypatch)
    part = part_of(tmp_path / "a.strec", rows)
    settings = ["tts.engines.scripted.piece_ms=4000"]
    stages = build_stages(["tts=scripted"], settings, {}, {}, recorded_latency=True)
    (before,), (after,) = (decisions_of(s).turns for s in (part.steps, play(part, stages)))
    assert before.reply_end is not None
    assert after.reply_end is not None
    assert after.reply_end > before.reply_end
    assert after.heard_text == before.heard_text == "It is noon."


class ListeningEngine:
    """Judges by the audio alone: loud or silent."""

    features = ("uses_audio",)

    def __init__(self, settings: object) -> None:
        self._rings = RingCache()

    def load(self) -> None:
        """Nothing to load."""

    def predict(self, request: Predict) -> Prediction:
        """`loud` where any sample of the range is."""
        begin, end = request.from_sample, request.to_sample
        pcm = self._rings.read(request.ring, request.stream, begin, end, wait_ms=0.0)
        self._rings.close()
        label = "loud" if any(pcm) else "silent"
        return Prediction(finished=1.0, commit_after_ms=900.0, label=label)


def test_turn_engine_that_listens_hears_the_recorded_microphone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its audio lies in a ring again, and what it decides is in the turn."""
    (rows,) = recorded(question, monkeypatch)
    part = part_of(tmp_path / "a.strec", rows)
    heard = material(part)
    (before,) = decisions_of(part.steps).turns
    assert before.speech_end is not None
    heard.streams["mic"].pcm[before.speech_end * 2 - 2] = 1
    name = f"{__name__}:ListeningEngine"
    stages = build_stages([f"turn={name}"], [], {}, {}, recorded_latency=True)
    with contextlib.closing(stages):
        settings = part_settings(part, {})
        (after,) = decisions_of(Playing(part, heard, stages, settings).run()).turns
    assert after.prediction == "loud, 900 ms"
    assert after.committed is not None
    assert before.committed is not None
    assert after.committed > before.committed


@pytest.mark.parametrize(
    "swaps, settings",
    [
        (["llm=builtin"], []),
        (["asr"], []),
        (["asr=nobody"], []),
        ([], ["asr=3"]),
        ([], ["asr.engines.pocketsphinx.nothing=3"]),
    ],
)
def test_swap_that_cannot_be_is_refused(swaps: list[str], settings: list[str]) -> None:
    """The refusal names what could be."""
    with pytest.raises(ConfigError, match=r"wants|choose|unknown"):
        build_stages(swaps, settings, {"asr": ["pocketsphinx"]}, {}, recorded_latency=False)


def test_rows_behind_a_loss_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trace with a hole is replayed up to it, and says so."""
    (rows,) = recorded(question, monkeypatch)
    half = len(rows) // 2
    del rows[half]
    part = part_of(tmp_path / "a.strec", rows)
    assert part.lost == 1
    assert 0 < len(part.steps) < half
    assert plain(part.steps) == plain(play(part))


def test_every_beginning_of_a_recording_is_decided_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever a recorder was killed, what it wrote comes out the same."""
    (rows,) = recorded(test_conversation.test_hasty_commit_is_taken_back, monkeypatch)
    for length in range(2, len(rows), 3):
        part = part_of(tmp_path / f"{length}.strec", rows[:length], "limit")
        assert plain(part.steps) == plain(play(part)), length
