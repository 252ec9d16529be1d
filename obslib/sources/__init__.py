"""One module per vendor API: the only place that talks to backends."""
