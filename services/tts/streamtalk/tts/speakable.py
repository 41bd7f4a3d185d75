"""Whether there is anything to say."""


def is_speakable(text: str) -> bool:
    """Whether a text holds a letter or a digit of any script."""
    return any(char.isalnum() for char in text)
