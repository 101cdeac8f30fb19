"""What should be gone and is not: counted (`census`), found by the running server (`watch`), and named by who holds it (`holders`)."""
