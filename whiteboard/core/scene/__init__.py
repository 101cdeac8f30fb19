"""What a board looks like: elements to drawing commands, as plain values. Pure.

The page has the same in JavaScript (`page/js/draw`): formulas and constants are the same, so that a picture that the
server draws looks as the page does. SVG text and pixels are both made of these commands (`whiteboard/render`).
"""
