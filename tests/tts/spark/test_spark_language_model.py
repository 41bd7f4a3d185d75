"""The language model of Spark-TTS gives mlx-audio's logits, in every precision that it can."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("mlx.core", reason="MLX has no wheel for this machine")

import mlx.core as mx

from streamtalk.proto.errors import EngineError
from streamtalk.tts.spark.checkpoint import Checkpoint
from streamtalk.tts.spark.matrix import Precision
from streamtalk.tts.spark.qwen2 import MAX_POSITIONS, Qwen2, load_llm
from streamtalk.tts.spark.sampling import Sampler, Sampling, generate
from streamtalk.tts.spark.vocabulary import Vocabulary
from tests.support.spark_signals import PROMPT, STEPS

pytestmark = pytest.mark.contract

TOLERANCE = 1e-5
Golden = dict[str, NDArray[np.float32]]
STRIDE = 7


@pytest.fixture(scope="module")
def checkpoint(tiny: Path) -> Checkpoint:
    """The tiny checkpoint."""
    return Checkpoint(tiny)


@pytest.fixture(scope="module")
def model(checkpoint: Checkpoint) -> Qwen2:
    """Its language model in fp32."""
    return load_llm(checkpoint, "fp32")


@pytest.fixture(scope="module")
def vocabulary(checkpoint: Checkpoint) -> Vocabulary:
    """Its tokens."""
    return Vocabulary.read(checkpoint.tokenizer(), checkpoint.llm)


@pytest.fixture(scope="module")
def golden() -> Golden:
    """What the oracle made."""
    with np.load(Path(__file__).parent / "golden" / "llm.npz") as arrays:
        return dict(arrays)


def test_logits_equal_the_oracle(model: Qwen2, golden: Golden) -> None:
    """At every position of a prompt, and token by token with the cache behind it."""
    cache, head = model.cache(), model.head()
    prefill = np.array(head(model.hidden(mx.array(PROMPT), cache)))[:, ::STRIDE]
    np.testing.assert_allclose(prefill, golden["prefill"], rtol=TOLERANCE, atol=TOLERANCE)
    for token, expected in zip(STEPS, golden["steps"], strict=True):
        logits = np.array(head(model.hidden(mx.array([token]), cache)))[0, ::STRIDE]
        np.testing.assert_allclose(logits, expected, rtol=TOLERANCE, atol=TOLERANCE)
    assert cache.length == len(PROMPT) + len(STEPS)


def test_cache_grows_without_a_trace(model: Qwen2) -> None:
    """A prompt in two parts, past the first allocation, gives what it gives in one."""
    tokens = mx.array(np.random.default_rng(1).integers(0, 300, 300))
    whole = np.array(model.hidden(tokens, model.cache()))
    cache = model.cache()
    parts = [np.array(model.hidden(part, cache)) for part in (tokens[:250], tokens[250:])]
    np.testing.assert_allclose(np.concatenate(parts), whole, atol=2 * TOLERANCE)


def test_cut_head_gives_the_rows_of_the_whole_one(model: Qwen2, vocabulary: Vocabulary) -> None:
    """8,192 codes and two ends of speech, the same logits as of the whole vocabulary."""
    head = model.head(vocabulary.speech)
    assert head.ids.shape == (8_194,)
    hidden = model.hidden(mx.array(PROMPT), model.cache())
    whole = np.array(model.head()(hidden))[:, list(vocabulary.speech)]
    np.testing.assert_allclose(np.array(head(hidden)), whole, atol=TOLERANCE)


@pytest.mark.parametrize("precision,closeness", [("bf16", 0.999), ("q8", 0.998), ("q4", 0.9)])
def test_smaller_precisions_come_close(
    checkpoint: Checkpoint, model: Qwen2, precision: Precision, closeness: float
) -> None:
    """Logits of a quantised model correlate with those of fp32, less so with fewer bits."""
    small = load_llm(checkpoint, precision)
    prompt = mx.array(PROMPT)
    exact = np.array(model.head()(model.hidden(prompt, model.cache())))
    rough = np.array(small.head()(small.hidden(prompt, small.cache())))
    assert closeness < np.corrcoef(exact.ravel(), rough.ravel())[0, 1] < 1.0


def _speech(model: Qwen2, vocabulary: Vocabulary, settings: Sampling, count: int) -> list[int]:
    head = model.head(vocabulary.speech)
    tokens = generate(model, head, PROMPT, Sampler(settings), vocabulary.stops)
    return list(islice(tokens, count))


def test_seed_decides_the_speech(model: Qwen2, vocabulary: Vocabulary) -> None:
    """The same seed draws the same tokens, another one others; all are semantic."""
    first = _speech(model, vocabulary, Sampling(seed=1), 12)
    assert first == _speech(model, vocabulary, Sampling(seed=1), 12)
    assert first != _speech(model, vocabulary, Sampling(seed=2), 12)
    assert all(token in vocabulary.codes for token in first)


def test_speech_without_temperature_takes_the_likeliest(
    model: Qwen2, vocabulary: Vocabulary
) -> None:
    """The double-buffered loop equals one that waits for every token."""
    head, cache = model.head(vocabulary.speech), model.cache()
    expected, feed = [], mx.array(PROMPT)
    for _ in range(6):
        logits = np.array(head(model.hidden(feed, cache)))[-1]
        expected.append(vocabulary.speech[int(logits.argmax())])
        feed = mx.array(expected[-1:])
    assert _speech(model, vocabulary, Sampling(temperature=0.0), 6) == expected


def test_speech_ends_at_a_stop(model: Qwen2, vocabulary: Vocabulary) -> None:
    """The token that ends the speech is not part of it."""
    tokens = _speech(model, vocabulary, Sampling(temperature=0.0), 6)
    stop = next(token for token in tokens if token != tokens[0])
    head = model.head(vocabulary.speech)
    sampler = Sampler(Sampling(temperature=0.0))
    assert (
        list(generate(model, head, PROMPT, sampler, frozenset({stop})))
        == tokens[: tokens.index(stop)]
    )


def test_draws_follow_the_cut_distribution() -> None:
    """Of 2,000 draws, shares are those of the softmax over what top-k and top-p leave."""
    logits = mx.log(mx.array([0.02, 0.5, 0.0001, 0.3, 0.1, 0.08]))
    sampler = Sampler(Sampling(temperature=1.0, top_k=4, top_p=0.85, seed=3))
    drawn = np.array([int(np.asarray(sampler(logits))) for _ in range(2_000)])
    shares = np.bincount(drawn, minlength=6) / drawn.size
    # top-k leaves 0.98 in all; the third of the sorted is within 0.85 of it, the fourth is not
    kept = np.array([0, 0.5, 0, 0.3, 0.1, 0]) / 0.9
    np.testing.assert_allclose(shares, kept, atol=0.04)


def test_text_that_is_too_long_is_refused(model: Qwen2) -> None:
    """The cache never grows without bound."""
    with pytest.raises(EngineError, match="exceed 8192 tokens"):
        model.hidden(mx.zeros(MAX_POSITIONS + 1, mx.int32), model.cache())
