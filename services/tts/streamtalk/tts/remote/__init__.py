"""Voices that other machines or other programs make: requests out, PCM in, errors by name."""
