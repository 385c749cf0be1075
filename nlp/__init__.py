"""What a text says and what follows from it."""
