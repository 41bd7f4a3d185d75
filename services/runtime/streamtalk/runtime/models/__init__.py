"""Weights on this machine: where they lie, and how they come from a hub."""
