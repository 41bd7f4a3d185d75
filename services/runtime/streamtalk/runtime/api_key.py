"""A key of a server, kept out of whatever is printed."""


class ApiKey:
    """A secret that shows itself only when asked for."""

    __slots__ = ("_secret",)

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def __repr__(self) -> str:
        return "ApiKey(***)"

    def reveal(self) -> str:
        """The key itself, for the header of a request and nothing else."""
        return self._secret
