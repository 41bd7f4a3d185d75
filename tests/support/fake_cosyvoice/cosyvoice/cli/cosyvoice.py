"""What deploy/cosyvoice/server.py calls of a checkout, with its names and its habits."""

import sys
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import numpy as np

_MS_PER_CHAR: Final = 60
_SAMPLES_PER_HOP: Final = 40


class CosyVoice2:
    """A tone; a first part of `token_hop_len` hops, doubled from part to part and left so."""

    sample_rate = 24_000

    def __init__(self, model_dir: str) -> None:
        self.gate = Path(model_dir) / "gate"
        self.spoken: dict[str, tuple[str, str]] = {}
        self.model = SimpleNamespace(
            token_hop_len=25, tts_speech_token_dict={}, llm_end_dict={}, hift_cache_dict={}
        )

    def add_zero_shot_spk(self, prompt_text: str, prompt_wav: str, zero_shot_spk_id: str) -> bool:
        """Reads the recording, once."""
        _note(f"speaker {zero_shot_spk_id} {Path(prompt_wav).stat().st_size} {prompt_text}")
        return True

    def inference_zero_shot(
        self,
        tts_text: str,
        prompt_text: str,
        prompt_wav: str,
        zero_shot_spk_id: str = "",
        stream: bool = False,
        speed: float = 1.0,
        text_frontend: bool = True,
    ) -> Iterator[dict[str, Any]]:
        """Parts of shape (1, samples); while the file `gate` exists, no part after the first."""
        _note(f"speak {zero_shot_spk_id} stream={stream} hop={self.model.token_hop_len}")
        if "FAIL" in tts_text:
            raise RuntimeError("told to fail")
        count = int(len(tts_text) * _MS_PER_CHAR * self.sample_rate / 1_000 / speed)
        audio = np.sin(np.arange(count) * (2 * np.pi * 440 / self.sample_rate)).astype(np.float32)
        answer, at = str(uuid.uuid4()), 0
        self.model.tts_speech_token_dict[answer] = []
        while at < count:
            size = self.model.token_hop_len * _SAMPLES_PER_HOP if stream else count
            self.model.token_hop_len *= 2 if stream else 1
            yield {"tts_speech": audio[None, at : at + size] * np.float32(0.3)}
            at += size
            while self.gate.exists():
                if answer not in self.model.tts_speech_token_dict:
                    _note("stopped")
                    raise KeyError(answer)
                threading.Event().wait(0.002)
        del self.model.tts_speech_token_dict[answer]


def _note(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
