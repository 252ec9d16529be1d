"""connect(): profiles bound to sources, and the questions one asks of them."""
