"""What a process writes about itself: metrics that can be parsed, logs that stay small."""

import json
import logging
import re
from pathlib import Path

import pytest

from streamtalk.runtime import logs
from streamtalk.runtime.mailbox import Mailbox
from streamtalk.runtime.metrics import CALL_EDGES_MS, ServiceMetrics
from tests.support.recorder import eventually

pytestmark = pytest.mark.unit

SAMPLE = re.compile(r'([a-z_:]+)(?:\{((?:[a-z]+="[^"\\\n]*",?)*)\})? (\d+(?:\.\d+)?)')
TYPE = re.compile(r"# TYPE ([a-z_:]+) (counter|histogram)")


def _parse(text: str) -> dict[str, dict[str, float]]:
    """Samples by name and labels; every line must be a type or a sample of the last type."""
    found: dict[str, dict[str, float]] = {}
    family = ""
    assert text.endswith("\n")
    for line in text.splitlines():
        if kind := TYPE.fullmatch(line):
            family = kind[1]
            continue
        sample = SAMPLE.fullmatch(line)
        assert sample is not None, line
        assert sample[1].removesuffix("_bucket").removesuffix("_sum").removesuffix(
            "_count"
        ) == family.removesuffix("_count")
        labels = found.setdefault(sample[1], {})
        assert sample[2] not in labels
        labels[sample[2]] = float(sample[3])
    return found


def test_metrics_are_prometheus_text() -> None:
    """Buckets are cumulative, and the last one counts everything."""
    metrics = ServiceMetrics("asr")
    metrics.dropped.add("malformed", 3)
    for value in (0.5, 1.0, 7.0, 99_999.0):
        metrics.calls_ms.observe("Transcribe", value)
    found = _parse(metrics.render())
    assert found["streamtalk_asr_dropped_messages"] == {'code="malformed"': 3}
    buckets = list(found["streamtalk_asr_call_ms_bucket"].values())
    assert len(buckets) == len(CALL_EDGES_MS) + 1
    assert buckets == sorted(buckets)
    assert (buckets[0], buckets[-1]) == (2, 4)
    assert found["streamtalk_asr_call_ms_count"] == {'call="Transcribe"': 4}
    assert found["streamtalk_asr_call_ms_sum"] == {'call="Transcribe"': pytest.approx(100_007.5)}


def test_metrics_of_a_quiet_service_parse() -> None:
    """Nothing counted is no mistake."""
    assert _parse(ServiceMetrics("vad").render()) == {}


def test_functions_run_in_order_on_the_owners_side() -> None:
    """What is posted while they run waits for the next round."""
    mailbox = Mailbox()
    ran: list[int] = []

    def first() -> None:
        ran.append(1)
        mailbox.post(lambda: ran.append(3))

    mailbox.post(first)
    mailbox.post(lambda: ran.append(2))
    mailbox.run()
    assert ran == [1, 2]
    mailbox.run()
    mailbox.run()
    assert ran == [1, 2, 3]
    mailbox.close()


def test_mailbox_holds_more_than_its_pipe() -> None:
    """A hundred thousand posts lose nothing and block nobody; posting after the end is harmless."""
    mailbox = Mailbox()
    ran: list[int] = []
    for number in range(100_000):
        mailbox.post(lambda number=number: ran.append(number))  # type: ignore[misc]
    mailbox.run()
    assert ran == list(range(100_000))
    mailbox.close()
    mailbox.post(lambda: None)


def _rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_formatter_writes_one_object_a_line() -> None:
    """Fields are merged in, and a traceback stays within its line."""
    record = logging.LogRecord("streamtalk.asr", logging.INFO, "", 1, "said %s", ("it",), None)
    record.fields = {"session": "s1", "chars": 3}
    line = logs.JsonFormatter().format(record)
    row = json.loads(line)
    assert "\n" not in line
    assert (row["service"], row["event"], row["session"], row["chars"]) == (
        "asr",
        "said it",
        "s1",
        3,
    )
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", row["time"])


def test_limited_message_passes_once_a_second() -> None:
    """What a peer can provoke cannot fill the disk; other messages are not held back."""
    limit = logs.OncePerSecond()

    def passes(created: float, *, limited: bool = True, text: str = "dropped") -> bool:
        record = logging.LogRecord("x", logging.INFO, "", 1, text, (), None)
        record.created, record.limited = created, limited
        return limit.filter(record)

    assert [passes(at) for at in (10.0, 10.5, 11.1)] == [True, False, True]
    assert [passes(11.2, limited=False), passes(11.2, text="other")] == [True, True]


def test_files_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much is logged, three files of the given size are all there is."""
    monkeypatch.setattr(logs, "_FILE_BYTES", 20_000)
    log = logs.open_log("bounded", tmp_path, "bounded_0")
    for number in range(3_000):
        log.info("line %d", number, extra={"fields": {"filler": "x" * 50}})
    log.info("last")

    def written() -> bool:
        path = tmp_path / "bounded_0.log"
        return path.exists() and "last" in path.read_text("utf-8")

    assert eventually(written)
    logs.close_log(log)
    files = sorted(tmp_path.iterdir())
    assert len(files) == 3
    assert all(path.stat().st_size <= 20_000 for path in files)
    assert _rows(tmp_path / "bounded_0.log")[-1]["event"] == "last"


def test_last_words_are_written(tmp_path: Path) -> None:
    """What was logged right before the end is in the file."""
    log = logs.open_log("ending", tmp_path, "ending_0")
    log.warning("the supervisor is gone; leaving")
    logs.close_log(log)
    assert _rows(tmp_path / "ending_0.log")[-1]["event"] == "the supervisor is gone; leaving"
