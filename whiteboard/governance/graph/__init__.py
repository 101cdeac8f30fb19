"""The call graph of a package, read from its source alone."""
