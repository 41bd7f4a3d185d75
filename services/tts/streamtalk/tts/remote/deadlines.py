"""When the sound of a piece is too late: pure, so that it can be tested without waiting."""

from streamtalk.tts.remote.settings import RemoteSettings


class Deadlines:
    """First byte, further bytes, whole piece: told when bytes come, says until when to wait."""

    def __init__(self, settings: RemoteSettings, now_s: float) -> None:
        self._settings = settings
        self._whole_s = now_s + settings.piece_timeout_s
        self._due_s = now_s + settings.first_byte_timeout_s
        self._has_begun = False

    def came(self, now_s: float) -> None:
        """Bytes of sound have come, and were taken."""
        self._has_begun = True
        self._due_s = now_s + self._settings.stall_timeout_s

    def next_s(self) -> float:
        """Nothing may be waited for beyond this time."""
        return min(self._due_s, self._whole_s)

    def complaint(self) -> str:
        """What to tell a person about the deadline that passed."""
        settings = self._settings
        if self._due_s > self._whole_s:
            return f"the piece was not whole within {settings.piece_timeout_s:g} s"
        if self._has_begun:
            return f"the sound stopped for {settings.stall_timeout_s:g} s before its end"
        return (
            f"no sound within {settings.first_byte_timeout_s:g} s: is the server overloaded? "
            "Else raise first_byte_timeout_s"
        )
