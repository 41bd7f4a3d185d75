"""The life of a service, written once: configuration, logs, sockets, threads, probes, drain."""
