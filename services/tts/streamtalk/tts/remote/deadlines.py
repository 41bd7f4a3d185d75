"""When the sound of a piece is too late."""

from streamtalk.runtime.remote.deadlines import Deadlines, Limit
from streamtalk.tts.remote.settings import RemoteSettings


def piece_deadlines(settings: RemoteSettings, now_s: float) -> Deadlines:
    """First byte, further bytes, whole piece."""
    first_s, stall_s = settings.first_byte_timeout_s, settings.stall_timeout_s
    whole_s = settings.piece_timeout_s
    return Deadlines(
        now_s,
        first=Limit(
            first_s,
            f"no sound within {first_s:g} s: is the server overloaded? "
            "Else raise first_byte_timeout_s",
        ),
        stall=Limit(stall_s, f"the sound stopped for {stall_s:g} s before its end"),
        whole=Limit(whole_s, f"the piece was not whole within {whole_s:g} s"),
    )
