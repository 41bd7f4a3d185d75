"""From sockets to the engine and back: `predict`."""

import math
import time
from typing import Any, ClassVar, Final

from streamtalk.proto.endpointing import Predict, Prediction
from streamtalk.proto.errors import EngineError, StreamTalkError
from streamtalk.proto.message import Request
from streamtalk.runtime.engine_table import create_engine
from streamtalk.runtime.worker import Call, Job, ServiceContext, Worker
from streamtalk.turn.config import TurnConfig
from streamtalk.turn.engine import AUTO, ENGINES, TurnEngine

_BUDGET_MS: Final = 2_000.0
_WHOLE: Final = Predict(text="what time is it", silence_ms=200.0, language="en")
_BROKEN: Final = Predict(text="what time is it in the", silence_ms=200.0, language="en")


class TurnWorker(Worker[TurnConfig]):
    """Answers `predict`; nothing is remembered between calls."""

    service: ClassVar = "turn"

    def __init__(self, context: ServiceContext, config: TurnConfig) -> None:
        super().__init__(context, config)
        self._engine_name = AUTO if config.engine == "auto" else config.engine
        self._features: tuple[str, ...] = ()

    def load(self) -> None:
        """Build and load the engine."""
        settings = getattr(self.config.engines, self._engine_name, None)
        engine: TurnEngine = create_engine("turn", ENGINES, self._engine_name, settings)
        engine.load()
        self._engine = engine
        self._features = tuple(engine.features)

    def canned(self) -> str:
        """A whole question must look more finished than the same question cut short."""
        if self._engine_name == "scripted":
            return "a scripted engine answers as it was told"
        whole, broken = self._engine.predict(_WHOLE), self._engine.predict(_BROKEN)
        if "uses_text" in self._features and whole.finished <= broken.finished:
            raise EngineError("a broken question looks as finished as a whole one: wrong model?")
        return "a whole question looks more finished than a broken one"

    def describe(self) -> dict[str, Any]:
        """The engine, and what it judges by."""
        return {"engine": self._engine_name, "features": list(self._features)}

    def on_request(self, request: Request, payload: bytes, call: Call) -> None:
        """Serve `predict`."""
        if not isinstance(request, Predict):
            super().on_request(request, payload, call)
            return
        job = Job(
            "predict",
            _BUDGET_MS,
            run=lambda: self._predict(request),
            done=lambda result: self._on_done(*result, call),
            failed=lambda error: self._on_failed(error, call),
        )
        self.submit(job)

    def _predict(self, request: Predict) -> tuple[Prediction, float]:
        """The answer, and how many milliseconds it took. Engine thread."""
        began_ns = time.monotonic_ns()
        prediction = self._engine.predict(request)
        check_prediction(prediction)
        return prediction, (time.monotonic_ns() - began_ns) / 1e6

    def _on_done(self, prediction: Prediction, duration_ms: float, call: Call) -> None:
        self.evidence.succeeded(duration_ms)
        call.reply(prediction)

    def _on_failed(self, error: StreamTalkError, call: Call) -> None:
        call.refuse(error)
        self.count_failure(error)


def check_prediction(prediction: Prediction) -> None:
    """Raise EngineError for a probability or a time that is none."""
    if not 0.0 <= prediction.finished <= 1.0:
        raise EngineError(f"a probability of {prediction.finished}: the model is broken")
    if not 0.0 <= prediction.commit_after_ms < math.inf:
        raise EngineError(f"a silence of {prediction.commit_after_ms} ms: the model is broken")
