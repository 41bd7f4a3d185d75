"""The ways to judge the end of a turn, one file each."""
