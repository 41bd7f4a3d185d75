"""The edge library: to be a microphone and loudspeaker, or to call a service."""
