"""What Spark-TTS is asked with, and what it answers in creation mode."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("mlx.core", reason="MLX has no wheel for this machine")

from tokenizers import Tokenizer

from streamtalk.proto.errors import EngineError, InputError
from streamtalk.tts.spark.checkpoint import Checkpoint
from streamtalk.tts.spark.prompt import (
    Reference,
    Style,
    clone_prompt,
    created_voice,
    creation_prompt,
    encode,
)
from streamtalk.tts.spark.qwen2 import load_llm
from streamtalk.tts.spark.sampling import Sampler, Sampling, generate
from streamtalk.tts.spark.vocabulary import Vocabulary

pytestmark = pytest.mark.contract

VOICE = list(range(32))


@pytest.fixture(scope="module")
def checkpoint(tiny: Path) -> Checkpoint:
    """The tiny checkpoint."""
    return Checkpoint(tiny)


@pytest.fixture(scope="module")
def tokenizer(checkpoint: Checkpoint) -> Tokenizer:
    """Its tokenizer."""
    return checkpoint.tokenizer()


@pytest.fixture(scope="module")
def vocabulary(checkpoint: Checkpoint, tokenizer: Tokenizer) -> Vocabulary:
    """Its tokens."""
    return Vocabulary.read(tokenizer, checkpoint.llm)


def test_clone_prompt_begins_the_speech() -> None:
    """Text, voice, and the start of the speech, which the model need not draw."""
    prompt = clone_prompt("Hi.", [7, 4_095])
    assert prompt == (
        "<|task_tts|><|start_content|>Hi.<|end_content|><|start_global_token|>"
        "<|bicodec_global_7|><|bicodec_global_4095|><|end_global_token|><|start_semantic_token|>"
    )


def test_clone_prompt_with_a_reference_goes_on_with_its_speech() -> None:
    """The text of the recording precedes the text to say, its codes precede the speech."""
    prompt = clone_prompt("Hi.", [7], Reference(text="Yes. ", semantic=(1, 8_191)))
    assert "<|start_content|>Yes. Hi.<|end_content|>" in prompt
    assert prompt.endswith("<|bicodec_semantic_1|><|bicodec_semantic_8191|>")


def test_creation_prompt_names_the_style() -> None:
    """Levels from very low, 0, to very high, 4."""
    prompt = creation_prompt("Hi.", Style(gender="male", pitch="very_low", speed="very_high"))
    assert prompt == (
        "<|task_controllable_tts|><|start_content|>Hi.<|end_content|><|start_style_label|>"
        "<|gender_1|><|pitch_label_0|><|speed_label_4|><|end_style_label|>"
    )


def test_each_mark_of_a_prompt_is_one_token(tokenizer: Tokenizer, vocabulary: Vocabulary) -> None:
    """5 marks before and after 32 codes; the text alone is split into bytes and merges."""
    tokens = encode(tokenizer, clone_prompt("xyz", VOICE))
    start = tokens.index(vocabulary.global_[0])
    assert tokens[start : start + 32] == list(vocabulary.global_[:32])
    assert tokenizer.decode(tokens[2 : start - 2]) == "xyz"
    assert len(tokens) == start + 34


@pytest.mark.parametrize("text", ["", " \n", "<|task_asr|>", "<|<|a|>a|>", "a" * 2_001])
def test_text_that_cannot_be_said_is_refused(text: str) -> None:
    """Nothing, marks only, or more than 2,000 characters."""
    with pytest.raises(InputError, match="1 to 2000 characters"):
        clone_prompt(text, VOICE)


@given(st.lists(st.sampled_from(["<|", "|>", "end_content", "a", " ", "bicodec_global_1"])))
def test_text_never_holds_a_mark(parts: list[str]) -> None:
    """However marks are nested in a text, the prompt has just its own."""
    try:
        prompt = creation_prompt("b" + "".join(parts), Style())
    except InputError:
        return
    assert prompt.count("<|end_content|>") == 1
    assert "<|bicodec_global_1|>" not in prompt


def test_created_voice_is_read_between_the_styles_and_the_speech(vocabulary: Vocabulary) -> None:
    """Style values before the 32 tokens are passed over; the speech behind is left alone."""
    answer = iter([5, 6, *vocabulary.global_[100:132], vocabulary.semantic[3]])
    assert created_voice(answer, vocabulary) == list(range(100, 132))
    assert next(answer) == vocabulary.semantic[3]


def test_made_up_voice_comes_out_of_the_model(
    checkpoint: Checkpoint, tokenizer: Tokenizer, vocabulary: Vocabulary
) -> None:
    """Creation mode from the text to 32 codes; random weights are held to the tokens of voices."""
    model = load_llm(checkpoint, "fp32")
    prompt = encode(tokenizer, creation_prompt("Hello there.", Style()))
    voices = []
    for seed in (1, 1, 2):
        head, sampler = model.head(vocabulary.global_), Sampler(Sampling(seed=seed))
        tokens = generate(model, head, prompt, sampler, vocabulary.stops)
        voices.append(created_voice(tokens, vocabulary))
    assert voices[0] == voices[1] != voices[2]
    assert all(0 <= code < 4_096 for code in voices[2])


@pytest.mark.parametrize("count", [0, 31])
def test_voice_that_is_cut_short_is_refused(vocabulary: Vocabulary, count: int) -> None:
    """Speech that begins before 32 tokens has no voice of its own."""
    answer = [*vocabulary.global_[:count], vocabulary.semantic[0], *vocabulary.global_[:32]]
    with pytest.raises(EngineError, match=f"wrote {count} of 32"):
        created_voice(answer, vocabulary)


def test_tokenizer_of_another_model_is_refused(checkpoint: Checkpoint) -> None:
    """Without the tokens of Spark-TTS nothing can be said; the first that lacks is named."""
    other = Tokenizer.from_str(
        '{"version":"1.0","model":{"type":"BPE","vocab":{"a":0},"merges":[]},"added_tokens":[]}'
    )
    with pytest.raises(EngineError, match=r"lacks <\|bicodec_semantic_0\|>"):
        Vocabulary.read(other, checkpoint.llm)
