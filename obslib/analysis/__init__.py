"""Pure functions on the tables."""
