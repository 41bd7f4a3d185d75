"""Faults on purpose, in a stack that people talk with: what is promised, and what was seen."""
