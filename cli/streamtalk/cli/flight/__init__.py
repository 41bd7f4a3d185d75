"""The flight recorder: a session in one file, and that file played back through the decisions."""
