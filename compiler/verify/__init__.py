"""``--verify-each``: every stage of the compiler executed against the one before it."""
