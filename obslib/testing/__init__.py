"""Public helpers for tests of sources and analyses."""
