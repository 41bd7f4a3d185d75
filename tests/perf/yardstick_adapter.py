"""Stream-Talk as a framework of the yardstick: its contract stands at the top of its `common.py`.

A whole stack under supervisord, its engines replaced by the yardstick's stubs. When all of it is
ready, this process becomes the edge (`yardstick_edge.py`).
"""

import importlib
import os
import sys
from pathlib import Path
from typing import Any, Final

from streamtalk.cli.bench_stack import BenchStack

YARDSTICK: Final = Path(
    os.environ.get("YARDSTICK_DIR", Path(__file__).parents[3] / "shared" / "yardstick")
).absolute()
sys.path.insert(0, str(YARDSTICK))
common: Any = importlib.import_module("common")

_CHUNK_MS: Final = common.VAD_CHUNK * 1000 / common.SR
_SESSIONS_FOR_TWO_VOICES: Final = 8


def tables() -> dict[str, Any]:
    """The configuration: the yardstick's costs, and its rules for when speech begins and ends."""
    phrase = ["tok "] * (common.PHRASE - 1) + ["tok！"]
    return {
        "vad": {
            "engine": "yardstick_engines:Vad",
            "segmenter": {
                "min_speech_ms": 3 * _CHUNK_MS,
                "min_silence_ms": common.HANG * _CHUNK_MS,
            },
        },
        "asr": {"engine": "yardstick_engines:Asr"},
        "turn": {"engine": "scripted", "engines": {"scripted": {"commit_after_ms": 0}}},
        "tts": {"engine": "yardstick_engines:Tts"},
        "orchestrator": {
            "llm_engine": "scripted",
            "scripted_llm": {
                "tokens": phrase * (common.N_TOK // common.PHRASE),
                "first_token_ms": common.LLM_FIRST * 1000,
                "token_ms": common.LLM_TOK * 1000,
            },
            "splitter": {"first_min_chars": 1, "group_clauses": 1},
            "hearing": {"partial_every_ms": 0},
            # No other system stops for the person's next turn, where the machine is that slow.
            "conversation": {"barge_in_ms": 60_000},
        },
    }


def main() -> None:
    """Start the stack, then be its edge until killed."""
    arguments = common.args()
    own = Path(__file__).parent
    environment = {
        "YARDSTICK_KIND": arguments.kind,
        "PYTHONPATH": os.pathsep.join([str(own), str(YARDSTICK)]),
    }
    replicas = 2 if arguments.sessions >= _SESSIONS_FOR_TWO_VOICES else 1
    with BenchStack(tables(), replicas, environment) as stack:
        edge = [str(own / "yardstick_edge.py"), str(stack.run_dir.path), arguments.sock]
        # Not a child: what started the stack and needed more modules is no part of an edge.
        os.execv(sys.executable, [sys.executable, *edge])  # noqa: S606 — no shell is wanted


if __name__ == "__main__":
    main()
