"""A registry of durations as its text and its history have it: what each entry promises, what changed, what is too tight.

`declared` reads the registry, `levels` the service levels that entries refer to, `changes` compares two versions from
git, `margins` compares what is given with what was taken. The registry is never imported.
"""
