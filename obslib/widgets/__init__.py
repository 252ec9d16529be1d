"""State and callbacks over one analysis and one figure each."""
