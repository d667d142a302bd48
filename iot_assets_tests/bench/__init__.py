"""Benchmarks: figures, the registry, and the ones that come with the package; never how fast anything was."""
