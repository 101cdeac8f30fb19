"""Several processes behind one address (R37): a front that takes connections, and workers that serve them.

The front reads the head of each connection's first request, and passes connection and head to the worker
that has the board: `routing` says which, `link` carries it, `entrance` reads, `crew` keeps the workers alive.
In a worker, `inlet` takes what the front gives, `asking` and `shared_rooms` reach the boards of the others.
"""
