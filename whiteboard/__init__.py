"""A self-hosted server for real-time collaborative whiteboards, on Trio."""

__version__ = "0.1.0"
