"""How well and how soon speech is recognised, and what is believed that nobody said."""
