"""`whiteboard doctor URL`: what a visitor meets between their browser and the boards, and what to change.

It sees what a visitor sees, through whatever stands between, and speaks the protocol from its text
(docs/spec/): it must not know the server's parts, nor those of the client. Looking and judging are apart:
`look_*` are effects and give what was seen, `judge_*` are pure and make findings of it.

Nothing that is received is trusted: every answer has a bound in size, every step one in time, and what is
shown of it is cut and free of control characters.
"""
