"""When the person has said something, and when it is finished."""

import msgspec
import pytest

from streamtalk.orchestrator.hearing import (
    Action,
    AskPrediction,
    AskTranscript,
    Began,
    Committed,
    Dropped,
    Hearing,
    HearingConfig,
    Range,
    StreamLost,
    Unheard,
)
from streamtalk.proto.endpointing import Prediction
from streamtalk.proto.errors import PeerLostError
from streamtalk.proto.recognition import Transcript
from streamtalk.proto.state import PLAIN_VOICE, VadState

pytestmark = pytest.mark.unit

MS = 1_000_000
RATE_PER_MS = 16


def state(
    sample: int,
    *,
    speaking: bool,
    segment: int | None = 1_000,
    end: int | None = None,
    stream: str = "a",
    lease: str = "l",
    peak: float = 1.0,
) -> VadState:
    """A VAD state at `sample`."""
    return VadState(
        lease=lease,
        stream=stream,
        sample=sample,
        speaking=speaking,
        segment=segment,
        end=end,
        probability=0.5,
        peak=peak,
    )


def transcript(text: str, rejected: str = "") -> Transcript:
    """A final transcript."""
    return Transcript(
        text=text,
        final=True,
        language="en",
        confidence=0.9,
        rejected=rejected,
        audio_ms=1_000.0,
        compute_ms=1.0,
    )


def prediction(after_ms: float) -> Prediction:
    """A judgement that so much silence is enough."""
    return Prediction(finished=0.9, commit_after_ms=after_ms, label="finished")


def paused(hearing: Hearing, now_ns: int = 0) -> Range:
    """Say something up to sample 9,000 and pause; returns the key of the transcript asked for."""
    hearing.on_state(state(4_000, speaking=True), now_ns)
    actions = hearing.on_state(state(11_000, speaking=False, end=9_000), now_ns)
    (ask,) = (action for action in actions if isinstance(action, AskTranscript))
    return ask.key


def test_speech_begins_once() -> None:
    """A beginning is told with its first sample, and not again while it lasts."""
    hearing = Hearing(HearingConfig())
    assert hearing.on_state(state(4_000, speaking=True), 0) == [Began(1_000)]
    assert hearing.on_state(state(4_100, speaking=True), 1 * MS) == []


def test_silence_before_any_speech_does_nothing() -> None:
    """Without a segment there is no utterance."""
    hearing = Hearing(HearingConfig())
    assert hearing.on_state(state(4_000, speaking=False, segment=None), 0) == []
    assert hearing.utterance is None


def test_speech_between_two_states_is_not_missed() -> None:
    """When the states of the speech itself were lost, the pause alone tells that there was some."""
    hearing = Hearing(HearingConfig())
    actions = hearing.on_state(state(11_000, speaking=False, end=9_000), 0)
    assert [type(action) for action in actions] == [Began, AskTranscript]


def test_pause_is_transcribed_once_with_padding_that_is_there() -> None:
    """The final transcript covers the speech and at most the padding; repeated states add none."""
    hearing = Hearing(HearingConfig(pad_ms=100))
    hearing.on_state(state(4_000, speaking=True), 0)
    first = hearing.on_state(state(9_800, speaking=False, end=9_000), 0)
    assert first == [AskTranscript(Range("a", 1_000, 9_000), 9_800, final=True, voice=1.0)]
    assert hearing.on_state(state(12_000, speaking=False, end=9_000), 100 * MS) == []


def test_commit_waits_for_the_predicted_silence() -> None:
    """A turn is committed when the silence since the last speech is what the prediction asked."""
    hearing = Hearing(HearingConfig())
    key = paused(hearing, 1_000 * MS)
    asked = hearing.on_transcript(key, transcript("what time is it"), 1_010 * MS)
    assert asked == [AskPrediction(key, "what time is it", "en", 135.0)]
    assert hearing.on_prediction(key, prediction(200.0), 1_011 * MS) == []
    due_ns = hearing.due_ns()
    assert due_ns == (1_000 - 125 + 200) * MS
    assert hearing.tick(due_ns - 1) == []
    (committed,) = hearing.tick(due_ns)
    assert isinstance(committed, Committed)
    assert committed.key == key
    assert hearing.utterance is None
    assert hearing.consumed == 9_000


def test_speech_that_goes_on_voids_the_pause() -> None:
    """A transcript of a pause that was none is ignored, and the next one covers all of it."""
    hearing = Hearing(HearingConfig())
    key = paused(hearing)
    hearing.on_state(state(12_000, speaking=True), 10 * MS)
    assert hearing.on_transcript(key, transcript("what time"), 11 * MS) == []
    actions = hearing.on_state(state(20_000, speaking=False, end=18_000), 20 * MS)
    assert [a.key for a in actions if isinstance(a, AskTranscript)] == [Range("a", 1_000, 18_000)]


def test_empty_transcript_is_no_turn() -> None:
    """Noise that the recogniser rejects is dropped and its audio is not heard again."""
    hearing = Hearing(HearingConfig())
    key = paused(hearing)
    assert hearing.on_transcript(key, transcript("", "silence"), 0) == [Dropped(key, "silence")]
    assert hearing.on_state(state(12_000, speaking=False, end=9_000), 100 * MS) == []


def test_missing_prediction_commits_after_the_default() -> None:
    """Without a turn model the configured silence decides."""
    hearing = Hearing(HearingConfig(default_commit_ms=600))
    key = paused(hearing)
    hearing.on_transcript(key, transcript("hello"), 0)
    assert hearing.on_prediction(key, None, 0) == []
    assert hearing.due_ns() == (600 - 125) * MS


def test_no_prediction_outlasts_the_hard_bound() -> None:
    """However long the prediction wants to wait, the upper bound commits."""
    hearing = Hearing(HearingConfig(max_silence_ms=2_000))
    key = paused(hearing)
    hearing.on_transcript(key, transcript("and then"), 0)
    hearing.on_prediction(key, prediction(60_000.0), 0)
    assert hearing.due_ns() == (2_000 - 125) * MS


def test_prediction_that_never_comes_is_bounded() -> None:
    """A turn engine that does not answer cannot keep the person waiting beyond the bound."""
    hearing = Hearing(HearingConfig(max_silence_ms=2_000))
    key = paused(hearing)
    hearing.on_transcript(key, transcript("hello"), 0)
    (committed,) = hearing.tick((2_000 - 125) * MS)
    assert isinstance(committed, Committed)


def test_failed_recognition_is_told() -> None:
    """Speech that nobody could transcribe ends as unheard, not in silence."""
    hearing = Hearing(HearingConfig())
    key = paused(hearing)
    error = PeerLostError("gone")
    assert hearing.on_transcript_failed(key, error) == [Unheard(key, error)]


def test_partials_come_one_at_a_time_at_their_interval() -> None:
    """No partial is asked for while one is on its way, nor before the interval has passed."""
    hearing = Hearing(HearingConfig(partial_after_ms=100, partial_every_ms=500))
    hearing.on_state(state(4_000, speaking=True), 0)
    (ask,) = hearing.on_state(state(6_000, speaking=True), 100 * MS)
    assert isinstance(ask, AskTranscript)
    assert not ask.final
    assert hearing.on_state(state(8_000, speaking=True), 900 * MS) == []
    hearing.on_partial(1_000 * MS, "hello")
    assert hearing.on_state(state(9_000, speaking=True), 1_400 * MS) == []
    assert len(hearing.on_state(state(9_500, speaking=True), 1_500 * MS)) == 1


def test_partial_without_words_is_asked_for_again_soon() -> None:
    """Until the first word is there nobody waits for the interval; a refused one does."""
    config = HearingConfig(partial_after_ms=100, partial_every_ms=500, partial_again_ms=50)
    for text, due_ms in (("", 250), ("one", 700), (None, 700)):
        hearing = Hearing(config)
        hearing.on_state(state(4_000, speaking=True), 0)
        assert len(hearing.on_state(state(6_000, speaking=True), 100 * MS)) == 1
        hearing.on_partial(200 * MS, text)
        assert hearing.on_state(state(8_000, speaking=True), (due_ms - 1) * MS) == []
        assert len(hearing.on_state(state(8_000, speaking=True), due_ms * MS)) == 1


def test_no_partial_is_begun_in_what_may_be_the_pause() -> None:
    """The final would wait for it; when the voice goes on, partials do too."""
    hearing = Hearing(HearingConfig(partial_after_ms=0))
    assert hearing.on_state(state(4_000, speaking=True, end=3_500), 0) == [Began(1_000)]
    assert len(hearing.on_state(state(5_000, speaking=True, end=5_000), 90 * MS)) == 1


def test_segment_without_speech_is_dropped_unheard() -> None:
    """One that ends where it began is not transcribed, and the next one is heard."""
    hearing = Hearing(HearingConfig())
    hearing.on_state(state(4_000, speaking=True, end=4_000), 0)
    (dropped,) = hearing.on_state(state(6_000, speaking=False, end=1_000), 100 * MS)
    assert dropped == Dropped(Range("a", 1_000, 1_000), "silence")
    assert hearing.on_state(state(9_000, speaking=True, segment=8_000), 300 * MS) == [Began(8_000)]


def voice_of(actions: list[Action]) -> float:
    """How sure of speech the final is that these ask for."""
    (ask,) = (a for a in actions if isinstance(a, AskTranscript) and a.final)
    return ask.voice


def test_final_says_how_sure_voice_activity_was() -> None:
    """The best of all segments of the utterance, whichever attachment reported them."""
    hearing = Hearing(HearingConfig())
    hearing.on_state(state(4_000, speaking=True, peak=0.7), 0)
    first = hearing.on_state(state(11_000, speaking=False, end=9_000, peak=0.9), 0)
    assert voice_of(first) == 0.9
    hearing.on_state(state(15_000, speaking=True, segment=13_000, lease="m", peak=0.6), 0)
    again = state(20_000, speaking=False, segment=13_000, end=18_000, lease="m", peak=0.8)
    assert voice_of(hearing.on_state(again, 0)) == 0.9


def test_long_speech_is_not_in_doubt_and_two_short_bursts_are() -> None:
    """A second in one go is somebody; what goes on after a pause is as unsure as it was."""
    hearing = Hearing(HearingConfig())
    hearing.on_state(state(4_000, speaking=True, peak=0.9), 0)
    first = hearing.on_state(state(24_000, speaking=False, end=21_000, peak=0.9), 0)
    hearing.on_state(state(40_000, speaking=True, segment=36_000, peak=0.7), 0)
    both = state(50_000, speaking=False, segment=36_000, end=46_000, peak=0.7)
    assert (voice_of(first), voice_of(hearing.on_state(both, 0))) == (0.9, 0.9)
    long = Hearing(HearingConfig())
    long.on_state(state(4_000, speaking=True, peak=0.9), 0)
    after = state(25_000, speaking=False, end=22_000, peak=0.9)
    assert voice_of(long.on_state(after, 0)) == PLAIN_VOICE


def test_speech_of_an_older_vad_is_neither_sure_nor_unsure() -> None:
    """One that does not say how sure it was is believed, and vouches for nothing."""
    hearing = Hearing(HearingConfig())
    hearing.on_state(_without_peak(state(4_000, speaking=True)), 0)
    after = _without_peak(state(11_000, speaking=False, end=9_000))
    assert voice_of(hearing.on_state(after, 0)) == PLAIN_VOICE


def _without_peak(told: VadState) -> VadState:
    fields = msgspec.to_builtins(told)
    del fields["peak"]
    return msgspec.convert(fields, VadState)


def test_turn_that_goes_on_is_as_sure_as_its_beginning() -> None:
    """What was withdrawn counts again, and the next turn starts anew."""
    hearing = Hearing(HearingConfig())
    hearing.on_state(state(4_000, speaking=True, peak=0.99), 0)
    (ask,) = hearing.on_state(state(11_000, speaking=False, end=9_000, peak=0.99), 0)
    assert isinstance(ask, AskTranscript)
    hearing.on_transcript(ask.key, transcript("set a timer"), 0)
    hearing.on_prediction(ask.key, prediction(0.0), 0)
    hearing.on_state(state(15_000, speaking=True, segment=13_000, peak=0.7), 0)
    later = state(20_000, speaking=False, segment=13_000, end=18_000, peak=0.7)
    hearing.withdraw(ask.key)
    assert voice_of(hearing.on_state(later, 0)) == 0.99


def test_endless_speech_is_answered() -> None:
    """A person who never pauses is transcribed and committed at the longest utterance."""
    hearing = Hearing(HearingConfig(max_utterance_ms=1_000, partial_every_ms=0))
    hearing.on_state(state(4_000, speaking=True), 0)
    (ask,) = hearing.on_state(state(17_100, speaking=True), 800 * MS)
    assert isinstance(ask, AskTranscript)
    assert ask.final
    assert hearing.on_state(state(17_500, speaking=True), 820 * MS) == []
    (committed,) = hearing.on_transcript(ask.key, transcript("on and on"), 830 * MS)
    assert isinstance(committed, Committed)
    assert hearing.on_state(state(18_000, speaking=True), 850 * MS) == [Began(17_100)]


def test_new_stream_loses_an_open_utterance_and_says_so() -> None:
    """A microphone that was opened anew cannot complete what was being said."""
    hearing = Hearing(HearingConfig())
    hearing.on_state(state(4_000, speaking=True), 0)
    lost = hearing.on_state(state(500, speaking=False, segment=None, stream="b"), 10 * MS)
    assert lost == [StreamLost(1_000)]
    assert hearing.utterance is None


def test_withdrawn_turn_is_heard_again_with_what_follows() -> None:
    """Speech that goes on after a hasty commit is transcribed together with its beginning."""
    hearing = Hearing(HearingConfig())
    key = paused(hearing)
    hearing.on_transcript(key, transcript("what time"), 0)
    hearing.on_prediction(key, prediction(0.0), 0)
    hearing.on_state(state(14_000, speaking=True, segment=12_000), 200 * MS)
    hearing.withdraw(key)
    actions = hearing.on_state(state(24_000, speaking=False, segment=12_000, end=22_000), 900 * MS)
    assert [a.key for a in actions if isinstance(a, AskTranscript)] == [Range("a", 1_000, 22_000)]


def answered(hearing: Hearing) -> None:
    """Speech from sample 1,000 to 9,000 that was committed."""
    key = paused(hearing)
    hearing.on_transcript(key, transcript("what time is it"), 0)
    hearing.on_prediction(key, prediction(0.0), 0)
    assert (hearing.utterance, hearing.consumed) == (None, 9_000)


@pytest.mark.parametrize("end", [8_000, 9_000, 9_000 + 1_600])
def test_answered_speech_that_another_attachment_reports_opens_nothing(end: int) -> None:
    """It reads the ring from a while ago; while it catches up, and when it has."""
    hearing = Hearing(HearingConfig())
    answered(hearing)
    for sample in range(2_000, end, 1_000):
        again = state(sample, speaking=True, end=sample, lease="new")
        assert hearing.on_state(again, 10 * MS) == []
    over = state(end + 4_000, speaking=False, end=end, lease="new")
    assert hearing.on_state(over, 20 * MS) == []
    assert hearing.utterance is None


def test_speech_that_goes_on_after_the_answer_is_heard_by_another_attachment() -> None:
    """What ends clearly later than what was answered is more speech, from there on."""
    hearing = Hearing(HearingConfig())
    answered(hearing)
    later = state(12_000, speaking=True, end=12_000, lease="new")
    assert hearing.on_state(later, 10 * MS) == [Began(9_000)]


def test_next_speech_is_heard_by_another_attachment_at_once() -> None:
    """Speech that begins after the answered one is new, however short it is yet."""
    hearing = Hearing(HearingConfig())
    answered(hearing)
    fresh = state(9_600, speaking=True, segment=9_100, end=9_600, lease="new")
    assert hearing.on_state(fresh, 10 * MS) == [Began(9_100)]


def test_answered_speech_of_an_earlier_owner_opens_nothing() -> None:
    """After a restart the history says what was answered, and every attachment is another one."""
    hearing = Hearing(HearingConfig())
    hearing.stream, hearing.consumed = "a", 9_000
    assert hearing.on_state(state(5_000, speaking=True, end=5_000), 0) == []
    assert hearing.on_state(state(13_000, speaking=False, end=9_500), 0) == []


def test_segment_without_length_is_no_speech() -> None:
    """It opens nothing."""
    hearing = Hearing(HearingConfig())
    assert hearing.on_state(state(4_000, speaking=False, segment=3_000, end=3_000), 0) == []
    assert hearing.utterance is None


def test_utterance_that_ends_before_it_began_is_dropped() -> None:
    """A session that hears for ever would answer nobody any more."""
    hearing = Hearing(HearingConfig())
    answered(hearing)
    hearing.on_state(state(9_300, speaking=True), 10 * MS)
    dropped = hearing.on_state(state(13_000, speaking=False, end=8_900), 20 * MS)
    assert dropped == [Dropped(Range("a", 9_000, 8_900), "silence")]
    assert hearing.utterance is None
