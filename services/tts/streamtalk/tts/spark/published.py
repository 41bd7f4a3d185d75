"""Which files of a repository make a Spark-TTS, in either layout."""

import re
from typing import Final

from streamtalk.runtime.models.hub import Selection

PUBLISHED: Final = "SparkAudio/Spark-TTS-0.5B"
"""Weights under CC-BY-NC-SA-4.0: not for commercial use."""

SPARK: Final = Selection(
    kind="Spark-TTS",
    wanted=re.compile(
        r"((LLM/)?(config\.json|tokenizer\.json|model[\w.-]*\.safetensors)"
        r"|BiCodec/(config\.yaml|model\.safetensors)"
        r"|(config|audio_tokenizer_config)\.yaml)",
        re.ASCII,
    ),
    needed="BiCodec/model.safetensors",
)
"""wav2vec2, of 1.3 GB, is for the text of a reference only; examples are for the web page."""
