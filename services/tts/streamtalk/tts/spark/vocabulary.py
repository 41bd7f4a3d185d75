"""The tokens of Spark-TTS by their numbers in the tokenizer."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tokenizers import Tokenizer

from streamtalk.proto.errors import EngineError
from streamtalk.tts.spark.architecture import GLOBAL_CODES, SEMANTIC_CODES, LlmConfig

END_OF_SPEECH: Final = "<|end_semantic_token|>"


@dataclass(frozen=True)
class Vocabulary:
    """Codes and tokens of each other.

    Raises EngineError on construction from a tokenizer that lacks a token of Spark-TTS.
    """

    semantic: tuple[int, ...]
    """Token of each semantic code."""

    global_: tuple[int, ...]
    """Token of each global code."""

    stops: frozenset[int]
    """Tokens that end the speech."""

    codes: dict[int, int]
    """Semantic code of each such token."""

    global_codes: dict[int, int]
    """Global code of each such token."""

    @classmethod
    def read(cls, tokenizer: Tokenizer, config: LlmConfig) -> "Vocabulary":
        """Find the tokens of Spark-TTS."""
        semantic = _tokens(tokenizer, (f"<|bicodec_semantic_{n}|>" for n in range(SEMANTIC_CODES)))
        global_ = _tokens(tokenizer, (f"<|bicodec_global_{n}|>" for n in range(GLOBAL_CODES)))
        eos = config.eos_token_id
        stops = {*(eos if isinstance(eos, list) else [eos])}
        stops.update(_tokens(tokenizer, [END_OF_SPEECH]))
        if max(*semantic, *global_, *stops) >= config.vocab_size:
            raise EngineError("the tokenizer has more tokens than the model; download both again")
        return cls(semantic, global_, frozenset(stops), _inverse(semantic), _inverse(global_))

    @property
    def speech(self) -> tuple[int, ...]:
        """Every token that may follow while the model speaks: the rows of the cut head."""
        return tuple(sorted({*self.semantic, *self.stops}))


def _tokens(tokenizer: Tokenizer, names: Iterable[str]) -> tuple[int, ...]:
    return tuple(_token(tokenizer, name) for name in names)


def _token(tokenizer: Tokenizer, name: str) -> int:
    token: int | None = tokenizer.token_to_id(name)
    if token is None:
        raise EngineError(f"the tokenizer lacks {name}: it is not that of Spark-TTS")
    return token


def _inverse(tokens: tuple[int, ...]) -> dict[int, int]:
    return {token: code for code, token in enumerate(tokens)}
