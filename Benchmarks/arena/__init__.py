"""What `Benchmarks/compare` is made of: the programs measured, the races, and the report."""
