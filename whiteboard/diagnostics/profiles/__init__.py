"""Profiles of the running process: where they come from, and how they are written for `go tool pprof`."""
