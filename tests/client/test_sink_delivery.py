"""Whatever the bus does to the frames, what the sink plays is the audio that was made."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtalk.client.sink import Sink
from streamtalk.proto.audio import SPEECH_FRAME_BYTES, SPEECH_FRAME_SAMPLES
from streamtalk.proto.frames import Speech
from streamtalk.proto.playback import Finish, Play, Stop, Stopped
from streamtalk.proto.state import Frontier

pytestmark = pytest.mark.unit

Sent = tuple[Speech, bytes]


def _audio(sizes: list[int]) -> list[bytes]:
    """Pieces of audio in which no two samples near each other are alike."""
    edges = np.cumsum([0, *sizes])
    values = (np.arange(edges[-1]) % 30_000 + 1).astype("<i2")
    return [values[a:b].tobytes() for a, b in pairwise(edges)]


def _messages(pieces: list[bytes], frontier: Frontier, frames: int) -> list[Sent]:
    """What a publisher sends: from what the sink has up to what it wants."""
    found = []
    step = frames * SPEECH_FRAME_BYTES
    for number, pcm in enumerate(pieces):
        if not frontier.have_piece <= number <= frontier.want_piece:
            continue
        first = frontier.have_sample * 2 if number == frontier.have_piece else 0
        limit = frontier.want_sample * 2 if number == frontier.want_piece else len(pcm)
        for at in range(first, max(first + 1, min(limit, len(pcm))), step):
            last = at + step >= len(pcm)
            total = len(pcm) // 2 if last else None
            header = Speech(answer="a", piece=number, sample=at // 2, total_samples=total)
            found.append((header, pcm[at : at + step]))
    return found


def _spoil(messages: list[Sent], data: st.DataObject) -> list[Sent]:
    """Lose, repeat and reorder messages."""
    kept = [m for m in messages for _ in range(data.draw(st.sampled_from([0, 1, 1, 1, 2])))]
    return data.draw(st.permutations(kept)) if data.draw(st.booleans()) else kept


@given(st.lists(st.integers(0, 9_000), min_size=1, max_size=5), st.integers(1, 10), st.data())
def test_what_is_played_is_what_was_made(
    sizes: list[int], frames: int, data: st.DataObject
) -> None:
    """Loss, repetition and any order change nothing, as long as what is missing is sent again."""
    sink, pieces, heard = Sink(), _audio(sizes), bytearray()
    sink.obey(Play(session="s", term=1, answer="a"), 0)
    sink.obey(Finish(session="s", term=1, answer="a", pieces=len(pieces)), 0)
    for turn in range(400):
        state = sink.state(0)
        if state.ended == "a":
            break
        messages = _messages(pieces, state.held[0], frames)
        for header, pcm in messages if turn > 20 else _spoil(messages, data):
            sink.accept(header, pcm)
        for _ in range(data.draw(st.integers(1, 4)) if turn <= 20 else 10):
            heard += sink.pull(0) or b""
    assert sink.state(0).ended == "a"
    assert _without_padding(heard) == b"".join(pieces)


def _without_padding(heard: bytearray) -> bytes:
    """Drop zeros: no sample of the audio is zero."""
    samples = np.frombuffer(bytes(heard), "<i2")
    return bytes(samples[samples != 0].tobytes())


@given(st.lists(st.integers(1, 9_000), min_size=1, max_size=4), st.integers(0, 40))
def test_stop_tells_exactly_what_was_pulled(sizes: list[int], pulls: int) -> None:
    """The position at a stop counts every sample that left the sink, and no other."""
    sink, pieces = Sink(), _audio(sizes)
    sink.obey(Play(session="s", term=1, answer="a"), 0)
    for number, pcm in enumerate(pieces):
        sink.accept(Speech(answer="a", piece=number, sample=0, total_samples=len(pcm) // 2), pcm)
    heard = bytearray()
    for _ in range(pulls):
        heard += sink.pull(0) or b""
    reply = sink.obey(Stop(session="s", term=1, answer="a"), 0)
    assert isinstance(reply, Stopped)
    played = sum(sizes[: reply.piece]) + reply.sample
    assert played * 2 == len(_without_padding(heard))
    assert reply.frames == -(-len(heard) // SPEECH_FRAME_SAMPLES // 2)
