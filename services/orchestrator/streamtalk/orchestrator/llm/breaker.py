"""A circuit breaker: after a failure nobody waits for a server that is known to be away."""

from streamtalk.orchestrator.llm.errors import LlmError, LlmUnreachableError


class Breaker:
    """Closed, open for `open_s` after a failure, then half-open: one call at a time tries."""

    def __init__(self, open_s: float) -> None:
        self._open_s = open_s
        self._opened_s: float | None = None
        self._trying = False
        self._why = ""

    def admit(self, now_s: float) -> None:
        """Let a call pass, or raise LlmUnreachableError with what happened last.

        A call that passed ends in `succeeded`, `failed` or `abandoned`.
        """
        if self._opened_s is None:
            return
        left_s = self._opened_s + self._open_s - now_s
        if left_s > 0 or self._trying:
            raise LlmUnreachableError(
                f"not asked again for {max(left_s, 0.0):.0f} s, after this failure: {self._why}"
            )
        self._trying = True

    def succeeded(self) -> None:
        """The server answers: close."""
        self._opened_s = None
        self._trying = False

    def failed(self, now_s: float, error: LlmError) -> None:
        """The server failed: open."""
        self._opened_s = now_s
        self._trying = False
        self._why = str(error)

    def abandoned(self) -> None:
        """The call was cancelled before it showed anything; the next one may try."""
        self._trying = False
