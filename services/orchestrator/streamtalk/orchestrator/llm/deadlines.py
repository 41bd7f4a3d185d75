"""When an answer of the language model is too late."""

from streamtalk.orchestrator.llm.config import LlmConfig
from streamtalk.runtime.remote.deadlines import Deadlines, Limit


def answer_deadlines(config: LlmConfig, now_s: float) -> Deadlines:
    """The first word, each further one (one of reasoning counts), and the whole answer."""
    first_s, stall_s, whole_s = (
        config.first_token_timeout_s,
        config.stall_timeout_s,
        config.answer_s,
    )
    return Deadlines(
        now_s,
        first=Limit(
            first_s,
            f"no first word within {first_s:g} s: take a smaller model, "
            "or raise llm.first_token_timeout_s",
        ),
        stall=Limit(stall_s, f"the language model stopped in its answer for {stall_s:g} s"),
        whole=Limit(whole_s, f"the language model did not come to its answer within {whole_s:g} s"),
    )
