"""When a better engine is brought, how it is told, and when a failure is tried again."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from streamtalk.asr.config import AsrConfig
from streamtalk.asr.whisper.places import find_model, is_here
from streamtalk.cli.talk_view import TalkView
from streamtalk.cli.upgrade.news import Upgrade, duration, progress_words, read, sentence, write
from streamtalk.cli.upgrade.plan import ENGINE_VARIABLE, Start, plan
from streamtalk.cli.upgrade.rate import Rate
from streamtalk.cli.upgrade.retry import FIRST_S, LONGEST_S, Retry
from streamtalk.client.rundir import RunDir
from streamtalk.proto.errors import InputError

pytestmark = pytest.mark.unit

SECOND_NS = 1_000_000_000
FETCHING = Upgrade(
    service="asr",
    engine="faster_whisper",
    model="base",
    stand_in="pocketsphinx",
    phase="fetching",
    done_bytes=36_000_000,
    total_bytes=145_000_000,
    bytes_per_s=4_000_000,
)


def _plan(table: dict[str, object], *, installed: bool = True, here: bool = False) -> Start:
    config = AsrConfig(**table)  # type: ignore[arg-type]
    return plan(config, {}, installed=installed, is_here=lambda _: here)


def test_model_that_is_named_and_missing_is_brought() -> None:
    """Whoever names the engine has asked for its model; PocketSphinx serves until it is here."""
    start = _plan({"engine": "faster_whisper"})
    assert start.overlay == {"engine": "pocketsphinx"}
    assert start.upgrade is not None
    assert start.upgrade.model == "large-v3-turbo"
    assert start.without == (ENGINE_VARIABLE,)


@pytest.mark.parametrize("upgrade", ["named", "never"])
def test_nothing_is_downloaded_unasked(upgrade: str) -> None:
    """By default `auto` means what is here, whatever is installed."""
    assert _plan({"upgrade": upgrade}) == Start()


def test_always_brings_it_for_auto_and_then_uses_it() -> None:
    """The switch for whoever wants the better engine without naming it."""
    assert _plan({"upgrade": "always"}).upgrade is not None
    assert _plan({"upgrade": "always"}, here=True).overlay == {"engine": "faster_whisper"}


@pytest.mark.parametrize(
    "table, installed, here",
    [
        ({"engine": "faster_whisper"}, True, True),
        ({"engine": "faster_whisper"}, False, False),
        ({"engine": "faster_whisper", "upgrade": "never"}, True, False),
        ({"engine": "pocketsphinx", "upgrade": "always"}, True, False),
    ],
)
def test_configuration_is_followed_where_nothing_is_to_be_brought(
    table: dict[str, object], installed: bool, here: bool
) -> None:
    """The model is there, its packages are not, nothing may be fetched, or another is wanted."""
    assert _plan(table, installed=installed, here=here) == Start()


def test_what_the_chain_says_is_kept() -> None:
    """The stand-in has the rank and the settings of the first entry."""
    config = AsrConfig(engine="faster_whisper")
    start = plan(config, {"rank": 0, "engine": "x"}, installed=True, is_here=lambda _: False)
    assert start.overlay == {"rank": 0, "engine": "pocketsphinx"}


def test_name_that_no_hub_can_have_is_refused(tmp_path: Path) -> None:
    """At once, with the sizes that there are; a folder that is empty is merely no model."""
    with pytest.raises(InputError, match="tiny, base"):
        find_model("large-v9")
    assert find_model(str(tmp_path)) == tmp_path
    assert not is_here(str(tmp_path))


def test_news_outlives_who_wrote_it(tmp_path: Path) -> None:
    """One file, replaced whole; none, or rubbish, is no news."""
    run_dir = RunDir(tmp_path).prepare()
    assert read(run_dir) is None
    write(run_dir, FETCHING)
    assert read(run_dir) == FETCHING
    (run_dir.slots / "upgrade.json").write_text("{")
    assert read(run_dir) is None


def test_progress_has_size_speed_and_the_time_left() -> None:
    """What a person wants to know while it comes."""
    assert progress_words(FETCHING) == "25%, 36 of 145 MB, 4.0 MB/s, 27 s left"
    assert [duration(s) for s in (7, 200, 7_300)] == ["7 s", "3:20 min", "2:01 h"]


def test_view_shows_a_bar_and_tells_each_phase_once() -> None:
    """The bar while it is fetched; a sentence when something has changed."""
    view = TalkView(upgrade=FETCHING)
    assert "serves meanwhile" in view.upgrade_news()
    assert view.upgrade_news() == ""
    lines = view.render().renderables  # type: ignore[union-attr]
    assert "━━━━━─" in str(lines[-1])
    view.upgrade = replace(FETCHING, phase="done", message="has taken over")
    assert view.upgrade_news() == "asr: faster_whisper base: has taken over"


def test_waiting_says_why() -> None:
    """The reason is in the sentence, and who serves."""
    waiting = replace(FETCHING, phase="waiting", message="no network")
    assert sentence(waiting).endswith("is not here: no network; pocketsphinx serves meanwhile")


def test_speed_is_that_of_the_last_seconds() -> None:
    """What was there before does not count, and a stall is seen."""
    rate = Rate()
    rate.see(1_000_000, 0)
    assert rate.bytes_per_s == 0.0
    for second in range(1, 5):
        rate.see(1_000_000 + 100 * second, second * SECOND_NS)
    assert rate.bytes_per_s == pytest.approx(100.0)
    for second in range(5, 20):
        rate.see(1_000_400, second * SECOND_NS)
    assert rate.bytes_per_s == 0.0


def test_file_that_begins_anew_has_no_negative_speed() -> None:
    """A hub without ranges sends everything again."""
    rate = Rate()
    for second, done in enumerate((500, 900, 0, 50)):
        rate.see(done, second * SECOND_NS)
    assert rate.bytes_per_s == pytest.approx(50.0)


@given(st.integers(min_value=1, max_value=40))
def test_pauses_grow_to_a_limit(count: int) -> None:
    """A network that comes back is noticed in ten minutes at the latest."""
    retry = Retry()
    pauses = [retry.pause_s() for _ in range(count)]
    assert pauses[0] == FIRST_S
    assert pauses == sorted(pauses)
    assert pauses[-1] <= LONGEST_S


def test_same_reason_is_news_once() -> None:
    """And news again when it has been another one."""
    retry = Retry()
    assert [retry.is_news(reason) for reason in "aabba"] == [True, False, True, False, True]
