"""The gate: is a change slower than what it changes, does it leak, or does it do more per op?

`significance` has the statistics, `judge` the verdicts, `works/` what is measured; `child` measures in one
process per source tree, `sides` asks those processes in turns, `__main__` is the command. docs/gate.md tells how to read it.
"""
