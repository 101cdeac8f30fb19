"""Whom the server believes and whom it lets in by HTTP, and the shape in which it says no. Pure.

Below `web` and `transport`, so that a page, a program and a proxy are judged alike wherever they knock.
"""
