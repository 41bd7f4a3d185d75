"""Makes a random Llama of 30,000 parameters that `mlx_lm.server` loads.

`python tiny_mlx_model.py DIRECTORY`, with a Python that has mlx_lm; ours mostly has not.
"""

import importlib
import json
import sys
from pathlib import Path
from typing import Any, Final

TEMPLATE: Final = (
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
WORDS: Final = "hello there how are you it is a fine day and the cat sat on the mat"


def make_tokenizer(directory: Path) -> int:
    """Write a byte-level tokenizer; returns the size of its vocabulary."""
    tokenizers: Any = importlib.import_module("tokenizers")
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=["<eos>"],
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator([WORDS] * 4, trainer)
    tokenizer.save(str(directory / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": "<eos>",
        "chat_template": TEMPLATE,
    }
    (directory / "tokenizer_config.json").write_text(json.dumps(settings))
    size: int = tokenizer.get_vocab_size()
    return size


def make_weights(directory: Path, vocabulary: int) -> None:
    """Write the configuration and seeded random weights."""
    mx: Any = importlib.import_module("mlx.core")
    flatten = importlib.import_module("mlx.utils").tree_flatten
    llama = importlib.import_module("mlx_lm.models.llama")
    config = {
        "model_type": "llama",
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "intermediate_size": 64,
        "num_attention_heads": 4,
        "rms_norm_eps": 1e-5,
        "vocab_size": vocabulary,
        "max_position_embeddings": 512,
        "eos_token_id": 0,
    }
    (directory / "config.json").write_text(json.dumps(config))
    mx.random.seed(1)
    model = llama.Model(llama.ModelArgs.from_dict(config))
    weights = dict(flatten(model.parameters()))
    mx.save_safetensors(str(directory / "model.safetensors"), weights, metadata={"format": "mlx"})


def main(directory: Path) -> None:
    """Make the model in `directory`."""
    directory.mkdir(parents=True, exist_ok=True)
    make_weights(directory, make_tokenizer(directory))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
