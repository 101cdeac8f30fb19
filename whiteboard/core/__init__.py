"""Boards as values: ids, clocks, ops, elements, merge, presence. No Trio, clock, randomness or I/O."""
