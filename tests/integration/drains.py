"""Drains that last as long as a slow machine needs to say something meanwhile."""

PATIENT = ("--timeouts", "drain-notice=3")
