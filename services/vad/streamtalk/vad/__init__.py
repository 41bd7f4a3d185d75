"""Voice activity: which sessions are speaking now, and where their speech began and ended."""
