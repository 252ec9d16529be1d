"""The embedded store: DuckDB over a directory of sorted zstd Parquet."""
