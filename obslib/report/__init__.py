"""Run notebooks with parameters and share them as self-contained HTML."""
