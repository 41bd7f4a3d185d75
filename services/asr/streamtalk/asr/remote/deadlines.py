"""How long an answer is waited for, by the length of the audio; pure."""

from streamtalk.asr.remote.settings import OpenAiTranscriptionSettings
from streamtalk.runtime.remote.deadlines import Deadlines, Limit


def answer_deadlines(
    settings: OpenAiTranscriptionSettings, audio_s: float, now_s: float
) -> Deadlines:
    """Of one request: its first byte, every further one, and all of it."""
    of_audio = f"for {audio_s:.1f} s of audio"
    more_s = settings.real_time_factor * audio_s
    return Deadlines(
        now_s,
        first=Limit(
            settings.answer_timeout_s + more_s,
            f"no answer {of_audio}: is the server overloaded? Else raise answer_timeout_s",
        ),
        stall=Limit(settings.stall_timeout_s, f"the answer {of_audio} stopped before its end"),
        whole=Limit(
            settings.whole_timeout_s + more_s,
            f"the answer {of_audio} was not whole in time: raise whole_timeout_s",
        ),
    )


def longest_s(settings: OpenAiTranscriptionSettings, audio_s: float) -> float:
    """What a call may take at most: a server that refuses the first form is asked once more."""
    return 2 * (settings.whole_timeout_s + settings.real_time_factor * audio_s)
