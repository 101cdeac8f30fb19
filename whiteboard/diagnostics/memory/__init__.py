"""The memory of this process: what walks it, gives it back and keeps it below a limit, and what watches it grow."""
