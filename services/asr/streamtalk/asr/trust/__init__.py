"""Text that nobody said: what Whisper invents on silence, noise and music is never a turn."""
