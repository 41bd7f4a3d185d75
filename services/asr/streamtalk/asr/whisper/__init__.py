"""Whisper by faster-whisper: the model on disk, one decoding, and what is made of it."""
