"""Write `proto/golden/<tag>.json`: the bytes of an example of every message, and what they mean.

Usage: python -m tools.proto_golden    overwrites; a changed file is a changed wire, see the README.
"""

import json
from pathlib import Path

import msgspec

from streamtalk.proto.codec import encode
from streamtalk.proto.message import Message
from tests.support.messages import EXAMPLES

GOLDEN_DIR = Path(__file__).resolve().parents[1] / "proto" / "golden"


def golden(message: Message) -> str:
    """The file's text: `hex` as sent, `fields` as any MessagePack reader sees them."""
    content = {"hex": encode(message).hex(), "fields": msgspec.to_builtins(message)}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write all files and remove those of messages that are gone."""
    GOLDEN_DIR.mkdir(exist_ok=True)
    for path in GOLDEN_DIR.glob("*.json"):
        path.unlink()
    for tag, message in EXAMPLES.items():
        (GOLDEN_DIR / f"{tag}.json").write_text(golden(message), encoding="utf-8")
    print(f"{len(EXAMPLES)} messages written to {GOLDEN_DIR}")


if __name__ == "__main__":
    main()
