"""Live boards on Trio: every long-lived nursery of a board or a session is opened here."""
