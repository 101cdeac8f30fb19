"""Boards as pictures: SVG text, and pixels with the extra `render`. Knows boards by their visible form only.

Pictures are drawn in a process of their own (`worker`), which the server starts when somebody asks (`studio`). In that process,
and in tests and benchmarks, a `canvas` keeps what it has drawn.
"""
