"""What Spark-TTS is asked with: a voice that is known, or one that it makes up."""

import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Final, Literal

import msgspec
from tokenizers import Tokenizer

from streamtalk.proto.errors import EngineError, InputError
from streamtalk.tts.spark.vocabulary import Vocabulary

Level = Literal["very_low", "low", "moderate", "high", "very_high"]

TEXT_LIMIT_CHARS: Final = 2_000
_LEVELS: Final[tuple[Level, ...]] = ("very_low", "low", "moderate", "high", "very_high")
_GENDERS: Final = ("female", "male")
_SPECIAL: Final = re.compile(r"<\|[^<>|]*\|>")


class Style(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A voice to make up."""

    gender: Literal["female", "male"] = "female"
    pitch: Level = "moderate"
    speed: Level = "moderate"


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """What a reference recording says, which makes the clone closer and the prompt longer."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=TEXT_LIMIT_CHARS)]
    semantic: tuple[int, ...]
    """Semantic codes of the recording."""


def clone_prompt(
    text: str, global_tokens: Sequence[int], reference: Reference | None = None
) -> str:
    """Say `text` with the voice of the global tokens.

    The start of the speech is part of the prompt, so that the model need not draw it first.
    Raises InputError where the text is empty or too long.
    """
    heard = "" if reference is None else _clean(reference.text)
    codes = "" if reference is None else _codes("semantic", reference.semantic)
    return (
        f"<|task_tts|><|start_content|>{heard}{_clean(text)}<|end_content|>"
        f"<|start_global_token|>{_codes('global', global_tokens)}<|end_global_token|>"
        f"<|start_semantic_token|>{codes}"
    )


def creation_prompt(text: str, style: Style) -> str:
    """Say `text` with a voice that the model makes up: it writes the global tokens first.

    Raises InputError where the text is empty or too long.
    """
    return (
        f"<|task_controllable_tts|><|start_content|>{_clean(text)}<|end_content|>"
        f"<|start_style_label|><|gender_{_GENDERS.index(style.gender)}|>"
        f"<|pitch_label_{_LEVELS.index(style.pitch)}|>"
        f"<|speed_label_{_LEVELS.index(style.speed)}|><|end_style_label|>"
    )


def encode(tokenizer: Tokenizer, prompt: str) -> list[int]:
    """Tokens of a prompt, nothing added."""
    tokens: list[int] = tokenizer.encode(prompt, add_special_tokens=False).ids
    return tokens


def created_voice(tokens: Iterable[int], vocabulary: Vocabulary, count: int = 32) -> list[int]:
    """The global tokens among `tokens` of an answer in creation mode; reads no further than them.

    Raises EngineError where the speech begins, or all ends, before `count` of them.
    """
    found: list[int] = []
    for token in tokens:
        if token in vocabulary.global_codes:
            found.append(vocabulary.global_codes[token])
            if len(found) == count:
                return found
        elif token in vocabulary.codes:
            break
    raise EngineError(f"the model wrote {len(found)} of {count} tokens of a voice; try again")


def _clean(text: str) -> str:
    """The text without anything that reads as a token of the model."""
    cleaned = text
    while (shorter := _SPECIAL.sub("", cleaned)) != cleaned:
        cleaned = shorter
    if not cleaned.strip() or len(cleaned) > TEXT_LIMIT_CHARS:
        raise InputError(f"a text to say has 1 to {TEXT_LIMIT_CHARS} characters")
    return cleaned


def _codes(kind: str, codes: Sequence[int]) -> str:
    return "".join(f"<|bicodec_{kind}_{code}|>" for code in codes)
