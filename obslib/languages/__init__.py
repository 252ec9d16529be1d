"""Query languages: text in, result over raw arrays out."""
