"""What was found, for people, programs, code hosts and the documents of a project; all from one model."""
