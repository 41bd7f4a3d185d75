"""Recognisers behind `/v1/audio/transcriptions`: audio out, a transcript or a named error back."""
