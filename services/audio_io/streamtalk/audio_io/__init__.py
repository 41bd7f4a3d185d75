"""Sound devices as an edge of the conversation."""
