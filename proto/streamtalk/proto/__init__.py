"""The wire: typed messages, topics, limits, errors and the codec. `proto/README.md` is the authority."""
