"""Puts the cache before an engine, where configuration and engine allow it."""

import logging
from pathlib import Path

from streamtalk.client.rundir import user_cache_dir
from streamtalk.runtime.metrics import CacheMetrics
from streamtalk.tts.cache.cached_engine import CachedEngine
from streamtalk.tts.cache.store import PieceStore
from streamtalk.tts.cache.writer import CacheWriter
from streamtalk.tts.config import CacheSettings
from streamtalk.tts.engine import Repeatable, SpeechEngine


class SpeechCache:
    """The cache of one process: opened once its engine is loaded, closed with the service.

    A folder that cannot be used is told to the log; speech goes on without it.
    """

    def __init__(self, settings: CacheSettings, log: logging.Logger) -> None:
        self._settings = settings
        self._log = log
        self.metrics = CacheMetrics()
        folder = Path(settings.path).expanduser() if settings.path else user_cache_dir() / "tts"
        self._store = PieceStore(folder, settings.limit_mb << 20)
        self._writer = CacheWriter(self._store, log)
        self.engine: CachedEngine | None = None
        """The engine behind the cache; None where nothing is cached."""

    def before(self, engine: SpeechEngine) -> SpeechEngine:
        """The engine to speak with, from now on."""
        if not self._settings.enabled or not isinstance(engine, Repeatable):
            return engine
        try:
            self._store.prepare()
        except OSError as error:
            fields = {"reason": error.strerror or str(error)}
            self._log.warning("no cache of speech: see [tts.cache] path", extra={"fields": fields})
            return engine
        self._writer.start()
        self.engine = CachedEngine(engine, self._store, self._writer, self.metrics)
        return self.engine

    def metrics_text(self) -> str:
        """Hits, misses and size, as they are now."""
        self.metrics.size_bytes.value = self._store.size_bytes
        return "\n".join(self.metrics.lines()) + "\n"

    def close(self, timeout_s: float) -> None:
        """Write what waits, if that is quick."""
        self._writer.close(timeout_s)
