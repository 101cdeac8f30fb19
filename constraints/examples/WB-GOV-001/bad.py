# file: whiteboard/governance/example.py
from whiteboard import timeouts  # found

VALUE = timeouts.HELLO
# file: whiteboard/timeouts.py
HELLO = 2.0
