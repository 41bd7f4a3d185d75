"""`streamtalk down`: everybody is asked to leave, side by side, before supervisord is."""

import pytest

from tests.support.stack import running_stack

pytestmark = pytest.mark.process


def test_down_leaves_nobody_to_supervisord() -> None:
    """Its own shutdown ends one group after another and looks once a second: 5 s for a stack."""
    with running_stack() as stack:
        assert stack.command("down").out == "stopped\n"
        log = (stack.run_dir.logs / "supervisord.log").read_text(encoding="utf-8")
    assert "stopped: bus_0 (exit status 0)" in log
    assert "stopped: registry_0 (exit status 0)" in log
    assert "to die" not in log
