"""The built-in offline assistant: answers a few things well, and says honestly what it cannot."""
