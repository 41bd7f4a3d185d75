"""How long an answer is waited for, by the length of the audio; pure."""

from streamtalk.asr.remote.settings import OpenAiTranscriptionSettings


class Deadlines:
    """Of one request: its first byte, every further one, and all of it.

    Args:
        settings: What each may take.
        audio_s: Length of what is recognised.
        now_s: When the request is made.
    """

    def __init__(self, settings: OpenAiTranscriptionSettings, audio_s: float, now_s: float) -> None:
        self._settings = settings
        self._audio_s = audio_s
        more_s = settings.real_time_factor * audio_s
        self._whole_s = now_s + settings.whole_timeout_s + more_s
        self._due_s = now_s + settings.answer_timeout_s + more_s
        self._has_begun = False

    def came(self, now_s: float) -> None:
        """Bytes have come."""
        self._has_begun = True
        self._due_s = now_s + self._settings.stall_timeout_s

    def next_s(self) -> float:
        """Nothing is waited for beyond this time."""
        return min(self._due_s, self._whole_s)

    def complaint(self) -> str:
        """What to tell a person about the deadline that passed."""
        of_audio = f"for {self._audio_s:.1f} s of audio"
        if self._due_s > self._whole_s:
            return f"the answer {of_audio} was not whole in time: raise whole_timeout_s"
        if self._has_begun:
            return f"the answer {of_audio} stopped before its end"
        return f"no answer {of_audio}: is the server overloaded? Else raise answer_timeout_s"


def longest_s(settings: OpenAiTranscriptionSettings, audio_s: float) -> float:
    """What a call may take at most: a server that refuses the first form is asked once more."""
    return 2 * (settings.whole_timeout_s + settings.real_time_factor * audio_s)
