"""Rules that check themselves, for any Python package: a call graph, rules over it, decisions and debt as data.

Nothing here imports the rest of whiteboard, nor ever the code that it checks (requirement R65).
"""
