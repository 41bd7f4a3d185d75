"""The wire: typed messages, topics, limits, errors, codec; `proto/README.md` is the authority."""
