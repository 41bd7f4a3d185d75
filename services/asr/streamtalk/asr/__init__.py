"""The `asr` service: audio to text."""
