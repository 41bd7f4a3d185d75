"""Decides whether the microphone may be heard: mute, push-to-talk, half-duplex. Pure."""


class MicrophoneGate:
    """Closed while muted, while the push-to-talk key is up, and around what the loudspeaker plays.

    One thread tells it what is played, another asks it about what was captured; every field is
    written by one thread only.
    """

    def __init__(self, *, half_duplex: bool, guard_ms: int) -> None:
        self.muted = False
        self.push_to_talk = False
        self.talking = False
        self.half_duplex = half_duplex
        self._guard_ns = guard_ms * 1_000_000
        self._audible_until_ns: int | None = None

    def played(self, until_ns: int) -> None:
        """Audible sound was handed to the loudspeaker; its last sample is heard at `until_ns`."""
        self._audible_until_ns = max(until_ns, self._audible_until_ns or until_ns)

    def audible(self, now_ns: int) -> bool:
        """Whether the loudspeaker is being heard, or is about to be."""
        return self._audible_until_ns is not None and now_ns < self._audible_until_ns

    def set(
        self,
        *,
        muted: bool | None = None,
        push_to_talk: bool | None = None,
        talking: bool | None = None,
    ) -> None:
        """Change what the person decides; None leaves a value as it is."""
        self.muted = self.muted if muted is None else muted
        self.push_to_talk = self.push_to_talk if push_to_talk is None else push_to_talk
        self.talking = self.talking if talking is None else talking

    @property
    def silenced(self) -> bool:
        """Whether the person has switched the microphone off, by mute or by the key."""
        return self.muted or (self.push_to_talk and not self.talking)

    def passes(self, captured_ns: int) -> bool:
        """Whether sound captured from `captured_ns` on may be heard."""
        if self.silenced:
            return False
        until_ns = self._audible_until_ns
        return not self.half_duplex or until_ns is None or captured_ns >= until_ns + self._guard_ns
