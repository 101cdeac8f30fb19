"""What the server shows of itself to its operator, under `/debug/`."""
