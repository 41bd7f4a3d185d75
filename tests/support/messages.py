"""One example of every message, each field set to something other than its default."""

from typing import Final

from streamtalk.proto import (
    attachment,
    conversation,
    device,
    directory,
    endpointing,
    frames,
    health,
    playback,
    recognition,
    state,
    synthesis,
    trace,
)
from streamtalk.proto.message import Message, Ok, Refusal

SESSION: Final = "kitchen-1"
STREAM: Final = "s-5f1c"
ANSWER: Final = "a-77b0"
RING: Final = "/run/streamtalk/rings/kitchen-1.ring"

INSTANCE: Final = directory.Instance(
    service="tts",
    instance="tts_0-a1b2",
    slot="tts_0",
    engine="espeak",
    endpoint="ipc:///run/streamtalk/tts_0-a1b2.sock",
    pid=4711,
    state="active",
    live=False,
    ready=True,
    reason="warming up",
    uptime_s=3.25,
    items_done=12,
    queue=2,
    rank=1,
    first_audio_ms=450.0,
    budget_ms=1200.0,
    budget_factor=1.5,
    rss_mb=40.5,
    languages=["en", "zh"],
    features=["dictation"],
)

TURN: Final = conversation.Turn(
    turn=3,
    state="done",
    user_text="现在几点?",
    reply_text="It is half past nine.",
    heard_text="It is half",
    interrupted=True,
    error="engine: the voice failed",
    speech_start=8_160,
    speech_end=30_880,
    committed=35_360,
    reply_start=35_840,
    reply_end=76_800,
    stages_ms={"vad": 32.0, "asr": 110.5},
    late_frames=1,
    gaps=2,
    frames=128,
)

_ATTACHMENT: Final = (
    attachment.Attach(session=SESSION, stream=STREAM, ring=RING, from_sample=16_000, lease="l-1"),
    attachment.Attached(lease_ms=3_000),
    attachment.Detach(session=SESSION, lease="l-1"),
)

_CONVERSATION: Final = (
    conversation.OpenSession(
        session=SESSION,
        stream=STREAM,
        ring=RING,
        sink="ipc:///run/streamtalk/edge-9.sock",
        mic_sample=320,
        edge="converse",
        half_duplex=True,
        language="zh",
    ),
    conversation.SessionOpened(term=7, lease_ms=5_000, resumed=True),
    conversation.CloseSession(session=SESSION),
    conversation.UserText(session=SESSION, text="What time is it?"),
    conversation.ListSessions(),
    conversation.Sessions(
        sessions=[state.SessionRef(session=SESSION, state="listening", turn=3)],
    ),
    conversation.GetTurns(session=SESSION),
    TURN,
    conversation.Turns(
        turns=[TURN], idle=True, judged=99_840, mic_frames_lost=1, engines={"asr": "pocketsphinx"}
    ),
)

_DEVICE: Final = (
    device.StartAudio(session=SESSION, language="en"),
    device.StopAudio(session=SESSION),
    device.SetMicrophone(muted=True, push_to_talk=True, talking=False),
    device.GetAudioStatus(),
    device.AudioStatus(
        session=SESSION,
        capture="silent",
        playback="open",
        capture_device="USB microphone",
        playback_device="Loudspeaker",
        reason="the microphone delivers digital silence",
        retry_in_s=2.0,
        muted=True,
        push_to_talk=True,
        level_db=-42.5,
        xruns=1,
        uncaptured_ms=640.0,
    ),
)

_DIRECTORY: Final = (
    INSTANCE,
    directory.Directory(
        version=42, registry="registry_0-c3d4", instances=[INSTANCE], active={"tts": ["tts_0"]}
    ),
    directory.Register(instance=INSTANCE),
    directory.Registered(active=True),
    directory.Deregister(instance="tts_0-a1b2"),
    directory.Lookup(),
    directory.Activate(service="tts", slots=["tts_1"], awaited=["tts_0"]),
    directory.Ping(),
)

_ENDPOINTING: Final = (
    endpointing.Predict(
        text="ten or",
        silence_ms=240.0,
        language="en",
        ring=RING,
        stream=STREAM,
        from_sample=16_000,
        to_sample=48_000,
    ),
    endpointing.Prediction(finished=0.25, commit_after_ms=900.0, label="unfinished"),
)

_MARK: Final = synthesis.Mark(sample=2_400, char=6)

_FRAMES: Final = (
    frames.Mic(stream=STREAM, sample=6_400),
    frames.Speech(
        answer=ANSWER, piece=2, sample=4_800, attempt=1, total_samples=9_600, marks=[_MARK]
    ),
)

WORK: Final = health.Work(done=12, failed=2, recent=10, median_ms=86.5, worst_ms=140.25)

_HEALTH: Final = (
    health.Probe(),
    health.Health(
        instance=INSTANCE,
        busy_ms=12.5,
        budget_ms=2_000.0,
        doing="speak",
        dropped={"malformed": 3},
        failure="work",
        work=WORK,
    ),
    WORK,
    health.ProveWork(),
    health.Proof(duration_ms=42.5, detail="said its word"),
    health.Metrics(),
    health.MetricsText(text="streamtalk_tts_items_total 12\n"),
    health.Drain(),
)

_PLAYBACK: Final = (
    playback.Hold(session=SESSION, term=7, answer=ANSWER),
    playback.Play(session=SESSION, term=7, answer=ANSWER),
    playback.Finish(session=SESSION, term=7, answer=ANSWER, pieces=3),
    playback.Retake(session=SESSION, term=7, answer=ANSWER, piece=1, sample=2_400, attempt=2),
    playback.Retaken(piece=1, sample=2_400, marks=[_MARK]),
    playback.Stop(session=SESSION, term=7, answer=ANSWER, fade_ms=20),
    playback.Stopped(
        answer=ANSWER,
        piece=1,
        sample=2_400,
        ended=False,
        mic_sample=70_400,
        first_audible=36_000,
        late_frames=1,
        gaps=1,
        frames=55,
    ),
)

_WORD: Final = recognition.Word(text="child", from_sample=3_200, to_sample=9_600, confidence=0.875)

_RECOGNITION: Final = (
    recognition.Transcribe(
        ring=RING,
        stream=STREAM,
        from_sample=8_160,
        to_sample=30_880,
        final=False,
        language="en",
        grammar="#JSGF V1.0; grammar g; public <g> = stop;",
        hint="the small dog",
        voice=0.9375,
    ),
    _WORD,
    recognition.Transcript(
        text="the child",
        final=True,
        stable_chars=3,
        language="en",
        confidence=0.75,
        rejected="confidence",
        words=[_WORD],
        audio_ms=1_420.0,
        compute_ms=31.5,
    ),
)

_FRONTIER: Final = state.Frontier(
    answer=ANSWER,
    attempt=1,
    have_piece=1,
    have_sample=4_800,
    want_piece=2,
    want_sample=24_000,
    marks=[_MARK],
)

_STATE: Final = (
    state.VadState(
        lease="l-1",
        stream=STREAM,
        sample=31_232,
        speaking=True,
        segment=8_160,
        end=30_880,
        probability=0.9375,
        frames_lost=2,
        peak=0.96875,
    ),
    _FRONTIER,
    state.PlaybackState(
        term=7,
        mic_sample=70_400,
        playing=ANSWER,
        piece=1,
        sample=2_400,
        first_audible=36_000,
        ended="a-77af",
        starved=True,
        muted=True,
        held=[_FRONTIER],
    ),
    state.SynthesisState(
        answer=ANSWER,
        attempt=1,
        pieces=3,
        pieces_made=1,
        made_samples=40_800,
        expected_samples=96_000,
        piece=1,
        piece_samples=3_840,
        marks=[_MARK],
        done=True,
        error="language",
        reason="eSpeak NG has no voice for language 'tlh'",
    ),
    state.SessionState(
        turn=3,
        phase="speaking",
        user_text="what time is it",
        user_final=True,
        reply_text="It is half past nine.",
        heard_chars=10,
        notice="the voice is being restarted",
        stages_ms={"asr": 110.5},
        voice_to_voice_ms=310.0,
        engines={"tts": "espeak"},
    ),
    state.SessionRef(session=SESSION, state="speaking", turn=3),
)

_VOICE: Final = synthesis.Voice(name="cmn", language="zh", description="Mandarin")

_SYNTHESIS: Final = (
    synthesis.Speak(
        session=SESSION,
        answer=ANSWER,
        piece=1,
        text="It is half past nine.",
        attempt=1,
        credit_samples=24_000,
        language="en",
        voice="en-gb",
        rate=1.25,
        volume=0.5,
        progress=True,
    ),
    _MARK,
    synthesis.Spoken(
        answer=ANSWER,
        piece=1,
        total_samples=36_960,
        marks=[_MARK],
        estimated=True,
        language="en",
        voice="en-gb",
        first_audio_ms=0.5,
        compute_ms=11.25,
    ),
    synthesis.Cancel(session=SESSION, answer=ANSWER),
    synthesis.ListVoices(),
    _VOICE,
    synthesis.Voices(voices=[_VOICE]),
)

_OPENED: Final = trace.TraceOpened(
    request=conversation.OpenSession(
        session=SESSION,
        stream=STREAM,
        ring=RING,
        sink="ipc:///run/streamtalk/edge-9.sock",
        mic_sample=320,
        edge="converse",
    ),
    term=7,
    next_turn=3,
    stream=STREAM,
    consumed=30_880,
    settings='{"hearing":{"max_silence_ms":2000}}',
)

_TRACE: Final = (
    trace.Trace(session=SESSION, lease_ms=5_000),
    _OPENED,
    trace.Traced(
        number=12,
        at_ns=81_236_512_345_678,
        what="tick",
        call=4,
        kind="speak",
        within=True,
        text="ipc:///run/streamtalk/tts_0-a1b2.sock",
        due_ns=81_236_512_300_000,
    ),
)

_EXAMPLES: Final = (
    Ok(),
    Refusal(code="not_ready", message="No asr is ready; wait or look at status.", retryable=True),
    *_ATTACHMENT,
    *_CONVERSATION,
    *_DEVICE,
    *_DIRECTORY,
    *_ENDPOINTING,
    *_FRAMES,
    *_HEALTH,
    *_PLAYBACK,
    *_RECOGNITION,
    *_STATE,
    *_SYNTHESIS,
    *_TRACE,
)


def tag_of(message: Message) -> str:
    """The tag of a message, as it stands on the wire under `type`."""
    return str(message.__struct_config__.tag)


EXAMPLES: Final[dict[str, Message]] = {tag_of(message): message for message in _EXAMPLES}
"""An example of every message by its tag."""
