"""What the scripted engines do when they are told to go wrong, as broken models do."""

import ctypes
import os
from typing import Final, Literal

from streamtalk.proto.errors import EngineError
from streamtalk.runtime.burn import burn

Fault = Literal["none", "raise", "hang", "freeze", "die"]
"""`raise` an error; `hang` at work; `freeze` all of Python; `die` with the engine's thread."""

_FOREVER_S: Final = 86_400


def go_wrong(fault: Fault, *, hold_gil: bool = False) -> None:
    """Returns only from `none`."""
    if fault == "raise":
        raise EngineError("the scripted engine was told to fail")
    if fault == "die":
        raise KeyboardInterrupt
    while fault == "hang":
        burn(100.0, hold_gil=hold_gil)
    while fault == "freeze":
        # Called in this way a function of C keeps the GIL, as a faulty extension does.
        ctypes.PyDLL(None).sleep(_FOREVER_S)


def hang_when_told(order: str, *, hold_gil: bool) -> None:
    """Hang where the file `order` is: it is taken away, so one file wedges one process."""
    if not order:
        return
    try:
        os.unlink(order)  # noqa: PTH108 — called for every chunk of sound
    except OSError:
        return
    go_wrong("hang", hold_gil=hold_gil)
