"""The conversation: whose turn it is, what to answer, and what of it was heard."""
