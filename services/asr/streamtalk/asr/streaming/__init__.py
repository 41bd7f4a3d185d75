"""Partial transcripts that do not change their mind: local agreement over a growing window."""
