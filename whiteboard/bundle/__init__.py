"""One file that says how a server is, for whoever is asked to help: `whiteboard support-bundle URL` (R55).

A stranger to the server, as the doctor: it asks over HTTP for what stands in `contents.py`, and keeps the answers as they come.
"""
