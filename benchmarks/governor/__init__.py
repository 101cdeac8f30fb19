"""What the memory governor does for people while memory is short; see `__main__`."""
