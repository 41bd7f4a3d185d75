"""A tiny random Whisper in the real file formats: what faster-whisper loads, of 1 M parameters.

CTranslate2's own Python specification writes the model, `tokenizers` the vocabulary. The vocabulary
has the published size, ids and special tokens (51,865, multilingual); its words are made up, so the
model says random words, whose times and probabilities are as real as the code that reads them.

With `said`, it says that sentence, certainly and whatever it hears: the decoder's weights make a
chain in which each token is followed by the next.
"""

import itertools
import json
from pathlib import Path
from typing import Any, Final

import numpy as np
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from streamtalk.asr.whisper.random_model import TEXT_TOKENS, Shape, specification

VOCABULARY: Final = 51_865
_LANGUAGES: Final = """
en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur
hr bg lt la mi ml cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si
km sn yo so af oc ka be tg sd gu am yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha
ba jw su
"""
LANGUAGES: Final = tuple(_LANGUAGES.split())
"""In the order of their tokens."""

TASKS: Final = ("translate", "transcribe", "startoflm", "startofprev", "nocaptions", "notimestamps")
MELS: Final = 80
WIDTH: Final = 16
HEADS: Final = 2
LAYERS: Final = 2

_LOUD: Final = 1_000.0
_CERTAIN: Final = 10.0

LayerSpec = Any
"""CTranslate2 ships no types."""


def special_tokens() -> list[str]:
    """`<|endoftext|>`, the start, the languages, the tasks, and the times: ids 50,257 on."""
    named = ["endoftext", "startoftranscript", *LANGUAGES, *TASKS]
    times = [f"{index * 0.02:.2f}" for index in range(1_501)]
    return [f"<|{name}|>" for name in (*named, *times)]


def words(said: str = "") -> list[str]:
    """The 256 bytes of a byte-level BPE, then words, each with the space before it.

    Those of `said` come first, the others are made up. The last one is empty, as in the published
    vocabulary: CTranslate2 knows by its id which models are multilingual.
    """
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    syllables = [c + v for c in "bdfgklmnprst" for v in "aeiou"]
    wanted = [f"Ġ{word}" for word in said.split()]
    made = ("Ġ" + "".join(word) for word in itertools.product(syllables, repeat=3))
    others = (word for word in made if word not in wanted)
    count = TEXT_TOKENS - len(letters) - len(wanted) - 1
    return [*letters, *wanted, *itertools.islice(others, count), ""]


def write_tokenizer(folder: Path, said: str = "") -> list[str]:
    """Write `tokenizer.json`; returns all tokens in the order of their ids."""
    vocabulary = {word: index for index, word in enumerate(words(said))}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(
        [AddedToken(token, special=True, normalized=False) for token in special_tokens()]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    return [*vocabulary, *special_tokens()]


def write_model(folder: Path, seed: int = 0, *, mels: int = MELS, said: str = "") -> Path:
    """Write `model.bin`, `config.json`, `vocabulary.json`, `tokenizer.json`; returns the folder.

    `said`: a sentence of different words that the model says; empty: it says random ones.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tokens = write_tokenizer(folder, said)
    spec = specification(Shape(WIDTH, HEADS, LAYERS, LAYERS, mels), tokens, seed)
    if said:
        _chain(spec.decoder, tokens, said)
    spec.validate()
    spec.save(str(folder))
    features = {"feature_size": mels, "sampling_rate": 16_000, "hop_length": 160, "n_fft": 400}
    (folder / "preprocessor_config.json").write_text(json.dumps(features))
    return folder


def _chain(spec: LayerSpec, tokens: list[str], said: str) -> None:
    """Make each token of the sentence, and of what comes before it, certain of the next one.

    Each has an axis of the embedding, and its successor's row of the projection lies on that axis;
    what the layers add is small beside it.
    """
    spoken = [f"Ġ{word}" for word in said.split()]
    start = ["<|startoftranscript|>", "<|en|>", "<|transcribe|>", "<|0.00|>"]
    chain = [tokens.index(token) for token in (*start, *spoken, "<|2.00|>", "<|endoftext|>")]
    if len(chain) > WIDTH:
        raise ValueError(f"at most {WIDTH - len(start) - 2} words, not {len(spoken)}")
    spec.embeddings.weight = np.zeros((len(tokens), WIDTH), np.float32)
    projection = np.zeros((len(tokens), WIDTH), np.float32)
    for axis, (token, successor) in enumerate(itertools.pairwise(chain)):
        spec.embeddings.weight[token, axis] = _LOUD
        projection[successor, axis] = _CERTAIN
    # The words' times are found by another decoding, without times in it.
    untimed = tokens.index("<|notimestamps|>")
    spec.embeddings.weight[untimed] = spec.embeddings.weight[tokens.index("<|0.00|>")]
    spec.projection.weight = projection
    spec.position_encodings.encodings = np.zeros((448, WIDTH), np.float32)
