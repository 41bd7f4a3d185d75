"""The forwarder that every frame and state passes through."""
