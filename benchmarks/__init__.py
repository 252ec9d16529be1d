"""One command per measured promise; each prints its goal beside the figure and exits 1 where it is missed."""
