"""What to type to bring a package that is missing."""

from pathlib import Path
from typing import Final

_CHECKOUT: Final = Path(__file__).resolve().parents[4]


def how_to_install(extra: str = "") -> str:
    """The command that brings an extra, or what every install has: of the checkout, or of pip."""
    if (_CHECKOUT / "tools" / "bootstrap.py").is_file():
        return f"make setup EXTRAS={extra}" if extra else "make setup"
    return f"pip install 'streamtalk[{extra}]'" if extra else "pip install streamtalk"
