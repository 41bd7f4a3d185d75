"""How a transcript is written: script, numbers, punctuation and spaces, as a person writes them."""
