"""The requests that a conversation's hearing leads to."""

from streamtalk.orchestrator.hearing import AskPrediction, AskTranscript
from streamtalk.proto.conversation import OpenSession
from streamtalk.proto.endpointing import Predict
from streamtalk.proto.recognition import Transcribe


def transcribe_request(opened: OpenSession, action: AskTranscript, grammar: str) -> Transcribe:
    """What was said so far, from the session's ring."""
    return Transcribe(
        ring=opened.ring,
        stream=action.key.stream,
        from_sample=action.key.start,
        to_sample=action.to_sample,
        final=action.final,
        language=opened.language,
        grammar=grammar,
        voice=action.voice,
    )


def predict_request(opened: OpenSession, action: AskPrediction) -> Predict:
    """Text and audio of a pause, for engines of either kind."""
    return Predict(
        text=action.text,
        silence_ms=action.silence_ms,
        language=action.language,
        ring=opened.ring,
        stream=action.key.stream,
        from_sample=action.key.start,
        to_sample=action.key.end,
    )
