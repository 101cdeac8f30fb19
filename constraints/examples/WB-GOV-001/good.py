# file: whiteboard/governance/example.py
import ast


def constants(text: str) -> list[ast.stmt]:
    return ast.parse(text).body
