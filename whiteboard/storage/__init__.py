"""Keeping boards: ports with their promises, and one adapter per file."""
