"""Pure functions from results to `plotly.graph_objects.Figure`; `theme` has the only colours."""
