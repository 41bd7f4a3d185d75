"""The attached sessions, found by name and by topic, each with a slot of the model's memory."""

from collections.abc import Iterator

from streamtalk.proto.attachment import Attach, Detach
from streamtalk.proto.errors import OverloadedError
from streamtalk.vad.config import VadConfig
from streamtalk.vad.session import Session


class Roster:
    """Who is attached. A slot given back may be given out at once: it is cleared on first use."""

    def __init__(self, config: VadConfig) -> None:
        self._config = config
        self._by_name: dict[str, Session] = {}
        self._slots = list(range(config.session_limit - 1, -1, -1))
        self.by_topic: dict[bytes, Session] = {}

    def __len__(self) -> int:
        return len(self._by_name)

    def __iter__(self) -> Iterator[Session]:
        return iter(self._by_name.values())

    def __contains__(self, session: Session) -> bool:
        return self._by_name.get(session.name) is session

    def add(self, request: Attach, now_ns: int) -> Session:
        """A new session, whose name must be free; raises OverloadedError."""
        if not self._slots:
            raise OverloadedError(
                f"{len(self)} sessions are attached: raise vad.session_limit or add a replica"
            )
        session = Session(request, self._config, self._slots.pop(), now_ns)
        self._by_name[session.name] = session
        self.by_topic[session.mic_topic] = session
        return session

    def named(self, name: str) -> Session | None:
        """The session of this name, whatever its lease."""
        return self._by_name.get(name)

    def find(self, request: Attach | Detach) -> Session | None:
        """The session that this lease holds, if any."""
        known = self._by_name.get(request.session)
        return known if known is not None and known.lease == request.lease else None

    def drop(self, session: Session) -> None:
        """Forget a session."""
        del self._by_name[session.name]
        del self.by_topic[session.mic_topic]
        self._slots.append(session.slot)

    def expired(self, now_ns: int) -> list[Session]:
        """Sessions whose lease ran out."""
        return [session for session in self if session.lease_until_ns <= now_ns]
