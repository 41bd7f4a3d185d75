"""Run directories, sockets, and the directory of instances as a caller uses it."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zmq

from streamtalk.client.directory import Addresses, usable
from streamtalk.client.rundir import RunDir, default_run_dir
from streamtalk.client.sockets import open_socket, split_envelope
from streamtalk.proto.codec import encode
from streamtalk.proto.directory import Directory, Instance, Lookup
from streamtalk.proto.errors import InputError, PeerLostError
from streamtalk.proto.limits import MAX_MESSAGE_BYTES

pytestmark = pytest.mark.unit


def test_run_directory_is_for_its_owner_only(tmp_path: Path) -> None:
    """An existing one that others could read is closed to them."""
    path = tmp_path / "run"
    path.mkdir(mode=0o755)
    run_dir = RunDir(path).prepare()
    folders = [path, run_dir.slots, run_dir.logs, path / "s", path / "rings"]
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in folders] == [0o700] * 5


def test_path_too_long_for_a_socket_is_refused(tmp_path: Path) -> None:
    """It says by how much, and what to do; nothing is created."""
    path = tmp_path / ("x" * 120)
    with pytest.raises(InputError, match=r"bytes too long for a socket path.*--run-dir"):
        RunDir(path).prepare()
    assert not path.exists()


def test_longest_instance_fits_where_the_check_passes() -> None:
    """The limit is that of the system for the longest socket name that there is."""
    lengths = range(60, 100)
    fitting = [RunDir(Path("/" + "x" * n)) for n in lengths if _fits(RunDir(Path("/" + "x" * n)))]
    assert 0 < len(fitting) < len(lengths)
    for name in ("orchestrator_0-012345", "audio_io-4194304-012345", "converse-4194304-012345"):
        assert len(fitting[-1].instance(name).removeprefix("ipc://")) <= 107


def _fits(run_dir: RunDir) -> bool:
    try:
        run_dir.check_length()
    except InputError:
        return False
    return True


def test_place_that_cannot_be_a_folder_is_told(tmp_path: Path) -> None:
    """A file where the folder should be is named with its reason."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match=r"cannot use run directory .*file.*--run-dir"):
        RunDir(tmp_path / "file").prepare()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make a folder of another user")
def test_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    """Whoever owns the folder could read what is said."""
    os.chown(tmp_path, 12_345, -1)
    with pytest.raises(InputError, match="belongs to another user"):
        RunDir(tmp_path).prepare()


def test_sockets_of_a_dead_process_are_cleared_by_slot(tmp_path: Path) -> None:
    """Those of other slots stay, also of one whose name begins alike."""
    run_dir = RunDir(tmp_path).prepare()
    names = ["tts_1-aa.sock", "tts_10-bb.sock", "tts_0-cc.sock", "bus-in.sock"]
    for name in names:
        (tmp_path / "s" / name).touch()
    run_dir.clear_slot("tts_1")
    assert sorted(path.name for path in (tmp_path / "s").iterdir()) == sorted(names[1:])


def test_default_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's runtime folder where there is one, else the cache."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert default_run_dir() == tmp_path / "streamtalk"
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "nothing"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    assert default_run_dir() == tmp_path / "streamtalk" / "run"


def test_every_socket_has_the_house_options() -> None:
    """A bound on messages, no lingering, and no heartbeats, with which libzmq may abort."""
    with zmq.Context() as context, open_socket(context, zmq.ROUTER) as socket:
        assert socket.getsockopt(zmq.MAXMSGSIZE) == MAX_MESSAGE_BYTES
        assert socket.getsockopt(zmq.LINGER) == 0
        assert socket.getsockopt(zmq.HEARTBEAT_IVL) == 0
        assert socket.getsockopt(zmq.RECONNECT_IVL) == 10


ENVELOPES: list[tuple[list[bytes], tuple[list[bytes], bytes, bytes] | None]] = [
    ([b"id", b"", b"header"], ([b"id", b""], b"header", b"")),
    ([b"id", b"number", b"", b"header", b"pcm"], ([b"id", b"number", b""], b"header", b"pcm")),
    ([b"", b"header"], ([b""], b"header", b"")),
    ([b"id", b"header"], None),
    ([b"id", b""], None),
    ([b"id", b"", b"a", b"b", b"c"], None),
    ([], None),
    ([b"id"] * 8 + [b"", b"header"], None),
]


@pytest.mark.parametrize("parts,expected", ENVELOPES)
def test_envelope_ends_with_the_empty_part(
    parts: list[bytes], expected: tuple[list[bytes], bytes, bytes] | None
) -> None:
    """One header and at most one payload follow; everything else is no call."""
    assert split_envelope(parts) == expected


def _instance(slot: str, **fields: Any) -> Instance:  # noqa: ANN401
    known: dict[str, Any] = {"service": "tts", "engine": "e", "pid": 1, "ready": True}
    endpoint = f"ipc://{slot}"
    return Instance(instance=f"{slot}-a", slot=slot, endpoint=endpoint, **(known | fields))


class Lookups:
    """A caller that keeps what is asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Callable[[Any], None], Callable[[Any], None]]] = []
        self.pending: dict[str, int] = {}

    def call(self, endpoint: str, request: object, deadline_s: float, *ends: Any) -> None:  # noqa: ANN401
        """Take a call."""
        assert request == Lookup()
        self.asked.append((endpoint, *ends))

    def pending_at(self, endpoint: str) -> int:
        """How many calls are said to be in flight."""
        return self.pending.get(endpoint, 0)


@pytest.fixture(name="lookups")
def _lookups() -> Lookups:
    return Lookups()


@pytest.fixture(name="addresses")
def _addresses(tmp_path: Path, lookups: Lookups) -> Addresses:
    return Addresses(RunDir(tmp_path), lookups)  # type: ignore[arg-type]


def _hear(addresses: Addresses, *instances: Instance, version: int = 1, **active: Any) -> None:  # noqa: ANN401
    directory = Directory(version=version, registry="r", instances=list(instances), active=active)
    addresses.hear(encode(directory))


def test_only_active_ready_and_live_instances_are_used() -> None:
    """The record of active slots decides where there is one."""
    rows = [
        _instance("tts_0"),
        _instance("tts_1"),
        _instance("tts_2", ready=False),
        _instance("tts_3", live=False),
        _instance("asr_0", service="asr"),
    ]
    with_record = Directory(version=1, registry="r", instances=rows, active={"tts": ["tts_1"]})
    assert [i.slot for i in usable(with_record, "tts")] == ["tts_1"]
    without = Directory(version=1, registry="r", instances=rows)
    assert [i.slot for i in usable(without, "tts")] == ["tts_0", "tts_1"]


def test_equally_loaded_instances_take_turns(addresses: Addresses) -> None:
    """A longer queue is avoided."""
    _hear(addresses, _instance("tts_0"), _instance("tts_1"), _instance("tts_2", queue=3))
    found = [addresses.find("tts") or "" for _ in range(4)]
    assert sorted(found[:2]) == sorted(found[2:]) == ["ipc://tts_0", "ipc://tts_1"]


def test_own_calls_in_flight_count_before_the_queue_that_was_told(
    addresses: Addresses, lookups: Lookups
) -> None:
    """What an instance told of itself may be a second old."""
    _hear(addresses, _instance("tts_0"), _instance("tts_1", queue=1))
    lookups.pending["ipc://tts_0"] = 1
    assert {addresses.find("tts") for _ in range(3)} == {"ipc://tts_1"}


def test_doubtful_instance_is_avoided_and_news_are_asked_for(
    addresses: Addresses, lookups: Lookups
) -> None:
    """Another one is used; with none left there is nobody, until the doubt has passed."""
    _hear(addresses, _instance("tts_0"), _instance("tts_1"))
    addresses.tick(10**18)
    addresses.doubt("ipc://tts_0")
    assert {addresses.find("tts") for _ in range(4)} == {"ipc://tts_1"}
    addresses.doubt("ipc://tts_1")
    assert addresses.find("tts") is None
    assert [i.slot for i in addresses.instances("tts")] == ["tts_0", "tts_1"]


def test_higher_rank_is_used_only_while_no_lower_one_is_ready(addresses: Addresses) -> None:
    """However loaded the first choice is."""
    rows = [_instance("tts_0", queue=9), _instance("tts_1", rank=1)]
    _hear(addresses, *rows)
    assert {addresses.find("tts") for _ in range(3)} == {"ipc://tts_0"}
    assert addresses.find("tts", {"ipc://tts_0"}) == "ipc://tts_1"
    _hear(addresses, _instance("tts_0", ready=False), rows[1], version=2)
    assert addresses.find("tts") == "ipc://tts_1"


def test_suspected_instance_is_called_only_where_it_is_alone(addresses: Addresses) -> None:
    """Unlike a doubtful one, which nobody calls."""
    _hear(addresses, _instance("tts_0"), _instance("tts_1", rank=1))
    addresses.suspect("ipc://tts_0")
    assert {addresses.find("tts") for _ in range(3)} == {"ipc://tts_1"}
    addresses.doubt("ipc://tts_1")
    assert addresses.find("tts") == "ipc://tts_0"


def test_instance_on_its_way_out_still_serves_what_it_began(addresses: Addresses) -> None:
    """Nobody new is sent there."""
    leaving = _instance("tts_0", ready=False, state="draining")
    _hear(addresses, leaving, _instance("tts_1", state="active"))
    assert addresses.find("tts") == "ipc://tts_1"
    assert addresses.serves("ipc://tts_0")
    assert not addresses.serves("ipc://tts_2")


def test_registry_is_asked_when_the_bus_is_silent(
    addresses: Addresses, lookups: Lookups, tmp_path: Path
) -> None:
    """Once every 200 ms while nothing is heard, and its answer counts like the bus's."""
    now_ns = 10**18
    addresses.tick(now_ns)
    addresses.tick(now_ns + 100_000_000)
    addresses.tick(now_ns + 200_000_000)
    assert [endpoint for endpoint, _, _ in lookups.asked] == [RunDir(tmp_path).registry] * 2
    lookups.asked[0][2](PeerLostError("gone"))
    lookups.asked[1][1](Directory(version=1, registry="r", instances=[_instance("tts_0")]))
    assert addresses.find("tts") == "ipc://tts_0"


def test_change_is_told_once(addresses: Addresses) -> None:
    """A repeated directory is no change, and rubbish is none either."""
    told: list[int] = []
    addresses.on_change = lambda directory: told.append(directory.version)
    _hear(addresses, _instance("tts_0"), version=1)
    _hear(addresses, _instance("tts_0"), version=1)
    addresses.hear(b"\xc1 rubbish")
    _hear(addresses, version=2)
    assert told == [1, 2]
    assert addresses.find("tts") is None
