"""Has the person finished? Judged from the words, the silence, or the sound, as the engine can."""
