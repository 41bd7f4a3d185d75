"""One file for each way to reach sound devices."""
