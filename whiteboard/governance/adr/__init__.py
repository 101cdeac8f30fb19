"""Decision records as data: who supersedes whom, what enforces them, what gain was expected and whether it came.

`record` reads a record, `enforcers` knows what may enforce one, `checks` finds what is wrong between them, `series`
and `trial` compare what was measured with what was expected, `retro` writes the outcome into the record.
"""
