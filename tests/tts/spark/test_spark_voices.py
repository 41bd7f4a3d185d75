"""Voices of Spark-TTS are kept as files, whole or not at all."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtalk.proto.errors import EngineError, InputError
from streamtalk.tts.spark.voices import FILE_LIMIT_BYTES, VOICES_LIMIT, StoredVoice, VoiceFolder

pytestmark = pytest.mark.unit

VOICE = StoredVoice(global_tokens=tuple(range(32)), language="en", source="recording")


@pytest.fixture
def folder(tmp_path: Path) -> VoiceFolder:
    """A folder that is not there yet."""
    return VoiceFolder(tmp_path / "voices")


def test_voice_is_read_as_it_was_written(folder: VoiceFolder) -> None:
    """Every field; the later one of the same name counts."""
    assert folder.names() == []
    other = StoredVoice(
        global_tokens=(4_095,) * 32, reference_text="你好", semantic_tokens=(8_191,)
    )
    folder.write("anna", VOICE)
    folder.write("bob-2", other)
    assert folder.names() == ["anna", "bob-2"]
    assert folder.read("anna") == VOICE
    assert folder.read("bob-2") == other
    folder.write("anna", other)
    assert folder.read("anna") == other


def test_deleted_voice_is_gone(folder: VoiceFolder) -> None:
    """It is neither listed nor read, and cannot be deleted twice."""
    folder.write("anna", VOICE)
    folder.delete("anna")
    assert folder.names() == []
    for act in (folder.read, folder.delete):
        with pytest.raises(InputError, match="no voice 'anna'; there are none yet"):
            act("anna")


def test_unknown_voice_names_those_there_are(folder: VoiceFolder) -> None:
    """A slip of the pen is mended at once."""
    folder.write("anna", VOICE)
    with pytest.raises(InputError, match="no voice 'ana'; there are anna"):
        folder.read("ana")


@pytest.mark.parametrize("name", ["", "../anna", "Anna", "a/b", "-a", "a" * 41, "a.b", "a\n", "ä"])
def test_names_that_leave_the_folder_are_refused(folder: VoiceFolder, name: str) -> None:
    """A name never becomes another path."""
    for act in (folder.read, folder.delete):
        with pytest.raises(InputError, match="no name of a voice"):
            act(name)
    with pytest.raises(InputError, match="no name of a voice"):
        folder.write(name, VOICE)


@given(st.binary(max_size=400))
def test_damaged_file_is_an_error_of_its_own(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    """Whatever bytes lie there, reading says that they are no voice."""
    path = tmp_path_factory.mktemp("voices")
    (path / "anna.json").write_bytes(content)
    with pytest.raises(EngineError, match="is no voice"):
        VoiceFolder(path).read("anna")


def test_huge_file_is_not_read(folder: VoiceFolder, tmp_path: Path) -> None:
    """A voice is small; what is not is none."""
    folder.write("anna", VOICE)
    (tmp_path / "voices" / "anna.json").write_bytes(b" " * (FILE_LIMIT_BYTES + 1))
    with pytest.raises(EngineError, match="more than 64000 bytes"):
        folder.read("anna")


@pytest.mark.parametrize("tokens", [range(31), range(33), [4_096] * 32, [-1] * 32])
def test_tokens_of_no_voice_are_not_written(folder: VoiceFolder, tokens: list[int]) -> None:
    """What could not be read back is not stored."""
    with pytest.raises(InputError, match="this is no voice"):
        folder.write("anna", StoredVoice(global_tokens=tuple(tokens)))
    assert folder.names() == []


def test_folder_holds_a_bounded_number(folder: VoiceFolder) -> None:
    """256 voices; a known one can still be changed."""
    for index in range(VOICES_LIMIT):
        folder.write(f"v{index}", VOICE)
    with pytest.raises(InputError, match="256 voices already"):
        folder.write("more", VOICE)
    folder.write("v0", VOICE)


def test_failed_write_leaves_the_old_voice(
    folder: VoiceFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk costs the new voice, not the old, and leaves no other file."""
    folder.write("anna", VOICE)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        folder.write("anna", StoredVoice(global_tokens=(1,) * 32))
    assert folder.read("anna") == VOICE
    assert [path.name for path in (tmp_path / "voices").iterdir()] == ["anna.json"]
