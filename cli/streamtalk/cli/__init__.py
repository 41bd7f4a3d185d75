"""The `streamtalk` command."""
