"""When an answer is too late: pure, so that it can be tested without waiting."""

from streamtalk.orchestrator.llm.config import LlmConfig


class Deadlines:
    """The next moment by which something must have come, as an answer goes on."""

    def __init__(self, config: LlmConfig, now_s: float) -> None:
        self._config = config
        self._end_s = now_s + config.answer_s
        self._due_s = now_s + config.first_token_timeout_s
        self.has_begun = False

    def progress(self, now_s: float) -> None:
        """A word, or a word of reasoning, has come."""
        self.has_begun = True
        self._due_s = now_s + self._config.stall_timeout_s

    def next_s(self) -> float:
        """Nothing may be waited for beyond this time."""
        return min(self._due_s, self._end_s)

    def is_over(self, now_s: float) -> bool:
        """Whether the whole answer has used up its time."""
        return now_s >= self._end_s

    def complaint(self) -> str:
        """What to tell a person about the deadline that passed."""
        if self._due_s > self._end_s:
            return (
                f"the language model did not come to its answer within {self._config.answer_s:g} s"
            )
        if self.has_begun:
            return (
                f"the language model stopped in its answer for {self._config.stall_timeout_s:g} s"
            )
        return (
            f"no first word within {self._config.first_token_timeout_s:g} s: take a smaller model, "
            "or raise llm.first_token_timeout_s"
        )
