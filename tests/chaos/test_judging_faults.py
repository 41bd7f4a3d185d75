"""How faults are followed, summed up, and judged; what must fail does."""

import shutil
import stat
from pathlib import Path
from typing import Any

import pytest

from streamtalk.cli.chaos.account import account, lost_lines
from streamtalk.cli.chaos.ending import unkind_ends
from streamtalk.cli.chaos.incident import Incident
from streamtalk.cli.chaos.kept_logs import keep_logs
from streamtalk.cli.chaos.observer import letter
from streamtalk.cli.chaos.outcome import Check, Outcome, broken_promises
from streamtalk.cli.chaos.table import Found, lines, losses, rows
from streamtalk.cli.chaos.talker import Said
from streamtalk.cli.chaos.talkers import errors_of
from streamtalk.cli.chaos.trend import Sample, slope_per_h, trends
from streamtalk.proto.conversation import Turn, Turns
from streamtalk.proto.directory import Directory, Instance

pytestmark = pytest.mark.unit

_MS = 1_000_000


def _instance(name: str, **changes: Any) -> Instance:  # noqa: ANN401
    slot = name.partition("-")[0]
    fields = {"service": "tts", "instance": name, "slot": slot, "engine": "scripted"}
    return Instance(
        **{**fields, "endpoint": name, "pid": 1, "live": True, "ready": True, **changes}
    )


def _directory(*instances: Instance) -> Directory:
    return Directory(version=1, registry="r", instances=list(instances))


def _well(**changes: Any) -> Outcome:  # noqa: ANN401
    return Outcome(**{"case": "kill tts S", "seed": 1, "recovered": True, **changes})


def test_incident_is_detected_by_the_line_or_by_the_directory() -> None:
    """Whichever comes first counts, and nothing from before the blow."""
    incident = Incident(100 * _MS, [_instance("tts_0-a")])
    incident.on_line_lost(50 * _MS)
    incident.on_directory(_directory(_instance("tts_0-a")), 110 * _MS)
    assert incident.detect_ms is None
    incident.on_directory(_directory(_instance("tts_0-a", live=False)), 130 * _MS)
    incident.on_line_lost(150 * _MS)
    assert incident.detect_ms == 30


def test_incident_is_over_when_the_same_slot_is_ready_in_another_process() -> None:
    """A neighbour that was ready all the while does not count."""
    incident = Incident(100 * _MS, [_instance("tts_0-a")])
    neighbour = _instance("tts_1-x")
    incident.on_line_lost(103 * _MS)
    incident.on_directory(_directory(neighbour), 110 * _MS)
    incident.on_directory(_directory(neighbour, _instance("tts_0-b", ready=False)), 120 * _MS)
    assert incident.back_ns == 0
    incident.on_directory(_directory(neighbour, _instance("tts_0-b", uptime_s=0.5)), 900 * _MS)
    assert (incident.back_ms, incident.load_ms) == (800, 500)


def test_victim_that_is_still_listed_does_not_hide_its_successor() -> None:
    """A registry that was killed is in the directory of the next one for a while."""
    incident = Incident(0, [_instance("registry_0-a")])
    incident.on_line_lost(2 * _MS)
    both = _directory(_instance("registry_0-a"), _instance("registry_0-b"))
    incident.on_directory(both, 500 * _MS)
    assert incident.back_ms == 500


def test_hang_may_meet_any_suspect() -> None:
    """Whichever of them leaves the directory was it."""
    incident = Incident(0, [_instance("tts_0-a"), _instance("tts_1-a")])
    incident.on_directory(_directory(_instance("tts_0-a")), 10 * _MS)
    new = _directory(_instance("tts_0-a"), _instance("tts_1-b"))
    incident.on_directory(new, 20 * _MS)
    assert (incident.detect_ms, incident.back_ms) == (10, 20)


@pytest.mark.parametrize(
    "phase, speaking, expected",
    [
        ("listening", False, "I"),
        ("hearing", True, "L"),
        ("hearing", False, "T"),
        ("thinking", False, "G"),
        ("speaking", False, "S"),
        ("waiting", False, None),
    ],
)
def test_phase_of_a_turn_has_a_letter(phase: str, speaking: bool, expected: str | None) -> None:
    """A session that waits for a service is in none of them."""
    assert letter(phase, speaking=speaking) == expected


def test_errors_belong_to_the_turn_that_began_with_the_utterance() -> None:
    """Earlier errors, and those of turns without speech, are not this one's."""
    said = Said(session="s", number=1, begin_sample=100_000, end_sample=116_000)
    turns = [
        Turn(turn=1, state="done", error="old", speech_start=20_000),
        Turn(turn=2, state="done", error="mine", speech_start=96_000),
        Turn(turn=3, state="done", error="typed"),
        Turn(turn=4, state="done", speech_start=101_000),
    ]
    assert errors_of(said, Turns(turns=turns, idle=True)) == ["mine"]


@pytest.mark.parametrize(
    "changes",
    [
        {"recovered": False},
        {"lost": 1},
        {"repeated_ms": 420},
        {"mic_lost_ms": 220},
        {"case": "kill bus S", "mic_lost_ms": 20},
        {"growth_mb": 51.0},
    ],
)
def test_what_is_lost_is_a_broken_promise(changes: dict[str, Any]) -> None:
    """Each makes the run fail; the same outcome without it does not."""
    assert broken_promises(_well()) == []
    assert broken_promises(_well(mic_lost_ms=200, repeated_ms=400, told=3, gap_ms=9_999)) == []
    broken = Found(outcomes=[_well(), _well(**changes)])
    assert len(losses(broken)) == 1
    assert "LOST: 1" in list(lines(broken))


def test_who_was_not_answered_is_said() -> None:
    """By session, and by utterance where one was lost in silence."""
    silent = [Said(session="chaos-2", number=7), Said(session="chaos-0", number=3, errors=["gone"])]
    sums = account(silent)
    assert lost_lines(sums) == ["1 utterances lost in silence: chaos-2 #7"]
    assert lost_lines(account(silent[1:])) == []
    away = "chaos-1, tts is away"
    outcome = _well(recovered=False, missing=away, lost=1, lost_names=list(sums.lost_names))
    assert broken_promises(outcome) == [
        "not everybody was answered again: chaos-1, tts is away",
        "1 utterances lost in silence: chaos-2 #7",
    ]


def test_logs_of_a_failed_case_outlive_its_stack(tmp_path: Path) -> None:
    """They are copied to a folder of their own, which nobody else may read."""
    logs = tmp_path / "logs"
    logs.mkdir(mode=0o755)
    (logs / "tts_0.log").write_text("it fell\n")
    kept = keep_logs(logs, "kill tts x2 S")
    try:
        shutil.rmtree(logs)
        assert "kill-tts-x2-s" in kept.name
        assert (kept / "tts_0.log").read_text() == "it fell\n"
        assert stat.S_IMODE(kept.stat().st_mode) & 0o077 == 0
    finally:
        shutil.rmtree(kept)


def test_phase_that_was_not_met_is_reported_and_is_no_loss() -> None:
    """It counts as planned, not as recovered."""
    found = Found(outcomes=[_well(), Outcome(case="kill tts S", seed=2, observed=False)])
    (row,) = rows(found.outcomes)
    assert (row["planned"], row["observed"], row["recovered"]) == (2, 1, 1)
    assert losses(found) == []
    assert "1 of 2 never met their phase: kill tts S" in list(lines(found))


def test_row_has_median_and_95th_percentile_of_what_is_known() -> None:
    """Seeds in which nothing was detected make no time look good."""
    outcomes = [_well(detect_ms=float(ms)) for ms in range(1, 101)]
    (row,) = rows([*outcomes, _well(recovered=False)])
    assert row["detect_ms"] == [51, 96]
    assert (row["recovered"], row["observed"]) == (100, 101)
    assert row["back_ms"] is None


def test_checks_are_lost_kept_or_skipped() -> None:
    """A skipped one says why and is no loss; a broken one is named."""
    found = Found(
        checks=[
            Check(check="a", asked="x", measured={"turns": 3}),
            Check(check="b", skipped="no root"),
            Check(check="c", broken=["it fell"]),
        ]
    )
    assert losses(found) == ["c, seed 0: it fell"]
    text = "\n".join(lines(found))
    assert "a: kept; turns 3" in text
    assert "b: not done here: no root" in text
    assert "c: LOST" in text


def test_slots_that_do_not_end_well_are_found_in_the_log() -> None:
    """Status 0 is how it should be; anything else, and every signal, is not."""
    log = (
        "INFO stopped: vad_0 (exit status 0)\n"
        "WARN stopped: tts_0 (exit status 1)\n"
        "WARN stopped: asr_0 (terminated by SIGKILL)\n"
    )
    assert [line.split()[2] for line in unkind_ends(log)] == ["tts_0", "asr_0"]


def test_slope_is_least_squares_per_hour() -> None:
    """Two points, or all at one time, have none."""
    assert slope_per_h([(0, 10), (1_800, 11), (3_600, 12)]) == pytest.approx(2)
    assert slope_per_h([(0, 10), (3_600, 12)]) is None
    assert slope_per_h([(1, 10), (1, 11), (1, 12)]) is None


def test_trend_begins_when_a_process_should_be_steady() -> None:
    """What it took in the first quarter is no growth, and a killed one's successor is apart."""
    early = [Sample(at_s, "tts_0", 1, 10 + at_s, 20, 4) for at_s in range(0, 100, 10)]
    late = [Sample(at_s, "tts_0", 2, 200 + at_s / 3_600, 21, 4) for at_s in range(100, 390, 10)]
    late.append(Sample(390, "tts_0", 2, 200 + 390 / 3_600, 23, 5))
    found = trends([*early, *late], seconds=400)["tts_0"]
    assert found["rss_slope_mb_per_h"] == pytest.approx(1)
    assert (found["files_drift"], found["threads_drift"], found["processes"]) == (2, 1, 2)
