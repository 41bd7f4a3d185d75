"""Language models behind an OpenAI-compatible API, found by themselves, bounded in every way."""
