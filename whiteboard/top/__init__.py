"""`whiteboard top URL`: how a server is doing, in a terminal. What `/debug/` shows, for those who are at a shell.

A stranger to the server, as the doctor is: it reads `/debug/status` over HTTP, from this machine or another one.
"""
