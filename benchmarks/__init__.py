"""Speed of the engines beside others, in one run: `python -m benchmarks`."""
