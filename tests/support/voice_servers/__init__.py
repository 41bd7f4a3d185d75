"""Servers on loopback that speak the protocols of remote voices, with every fault switchable."""
