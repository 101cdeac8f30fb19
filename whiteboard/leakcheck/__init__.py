"""`whiteboard leakcheck`: the same thing done again and again to a real server, and a count of what is left of it each time.

The server runs in this process, so that everything of it can be counted and whoever holds what is left can be named (R44, R54).
"""
