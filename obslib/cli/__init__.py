"""The obslib command."""
