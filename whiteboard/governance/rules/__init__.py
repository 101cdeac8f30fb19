"""Rules over a call graph: their documents, their kinds, what they find and what is waived."""
