"""Run notebooks with parameters and export them as single HTML files that need no network."""
