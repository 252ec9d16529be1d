"""The vocabulary: tables, windows, units, errors, protocols, provenance, configuration."""
