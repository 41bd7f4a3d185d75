"""Finished pieces on disk: what was said before is not made again."""
