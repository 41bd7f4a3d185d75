"""Proof that an answer survives its voice: what was heard is read back letter by letter."""
