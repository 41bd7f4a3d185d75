"""What `talk` shows is what was heard and said, as far as it has come."""

import pytest
from rich.console import Console
from rich.text import Text

from streamtalk.cli.talk_view import TalkView, meter, plain_lines, stage_line, turn_text
from streamtalk.proto.device import AudioStatus
from streamtalk.proto.state import SessionState

pytestmark = pytest.mark.unit

REPLY = "It is three. Anything else?"


def _state(turn: int = 1, **fields: object) -> SessionState:
    return SessionState(turn=turn, **{"phase": "listening", **fields})  # type: ignore[arg-type]


def _status(**fields: object) -> AudioStatus:
    return AudioStatus(**{"capture": "open", "playback": "open", **fields})  # type: ignore[arg-type]


def _styles(text: Text, part: str) -> set[str]:
    at = text.plain.index(part)
    spans = [s for s in text.spans if s.start <= at and s.end >= at + len(part)]
    return {word for span in spans for word in str(span.style).split()}


def _shown(view: TalkView) -> str:
    console = Console(width=100, record=True, file=None, quiet=False)
    with console.capture() as capture:
        console.print(view.render())
    return capture.get()


def test_partial_is_dim_until_it_is_final() -> None:
    """A guess looks like one."""
    assert "dim" in _styles(turn_text(_state(user_text="what tie")), "what tie")
    final = turn_text(_state(user_text="what time", user_final=True))
    assert "dim" not in _styles(final, "what time")


def test_heard_part_is_bright_and_the_rest_dim() -> None:
    """One sees how far the voice has come."""
    text = turn_text(_state(user_text="hi", reply_text=REPLY, heard_chars=12))
    assert "dim" not in _styles(text, "It is three.")
    assert "dim" in _styles(text, " Anything else?")


def test_turn_is_given_out_once_when_the_next_begins() -> None:
    """Finished turns scroll up and are not printed twice, however often their state came."""
    view = TalkView()
    for words in ("a", "a b", "a b c"):
        view.hear(_state(1, user_text=words))
    assert view.finished() == []
    view.hear(_state(2, user_text="next"))
    assert [turn.user_text for turn in view.finished()] == ["a b c"]
    assert view.finished() == []
    assert [turn.user_text for turn in view.close()] == ["next"]


def test_turn_without_words_is_not_shown() -> None:
    """A cough leaves no line."""
    view = TalkView()
    view.hear(_state(1))
    view.hear(_state(2, user_text="hello"))
    assert view.finished() == []


@pytest.mark.parametrize("level_db, cells", [(-120.0, 0), (-60.0, 0), (-30.0, 10), (0.0, 20)])
def test_meter_follows_the_level(level_db: float, cells: int) -> None:
    """Silence is empty, full scale is full."""
    assert cells == meter(level_db).plain.count("━")


def test_muted_microphone_is_said_instead_of_metered() -> None:
    """Nobody wonders why it does not hear."""
    view = TalkView(session=_state(), audio=_status(muted=True))
    assert "muted" in _shown(view)
    view.audio = _status(push_to_talk=True)
    assert "press space" in _shown(view)


def test_reason_of_the_devices_is_shown_with_the_next_try() -> None:
    """What is wrong, and when it is tried again, stand below the conversation."""
    status = _status(capture="absent", reason="no microphone", retry_in_s=4.0)
    view = TalkView(session=_state(notice="a moment"), audio=status)
    assert view.notices() == ["no microphone (tried again in 4 s)", "a moment"]
    assert "no microphone" in _shown(view)


def test_times_of_the_last_answer_are_in_order_of_the_road() -> None:
    """Each stage's milliseconds, and the whole."""
    state = _state(stages_ms={"asr": 90.0, "vad": 130.4}, voice_to_voice_ms=260.0)
    line = stage_line(state)
    assert line is not None
    assert line.plain.strip() == "260 ms: pause 130 · words 90"
    assert stage_line(_state()) is None


def test_plain_lines_say_what_was_not_heard() -> None:
    """Without colours a cut answer says where it was cut."""
    cut = _state(user_text="hi", reply_text=REPLY, heard_chars=12)
    assert plain_lines(cut) == ["you: hi", f"it:  {REPLY} (heard: It is three. …)"]
    whole = _state(user_text="hi", reply_text=REPLY, heard_chars=len(REPLY))
    assert plain_lines(whole) == ["you: hi", f"it:  {REPLY}"]
