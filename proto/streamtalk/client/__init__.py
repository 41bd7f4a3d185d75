"""The edge library: what a program needs to be a microphone and loudspeaker, or to call a service."""
