"""The terminal: how things look there, what is asked there, and signals. Only this room knows rich."""
