"""Recordings of any length into text, subtitles or JSON."""
