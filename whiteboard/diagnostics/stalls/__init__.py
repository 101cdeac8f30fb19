"""Stalls of the event loop: seen while they last, told by stack and task (R53)."""
