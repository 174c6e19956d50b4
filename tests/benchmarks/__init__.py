"""What plotting costs a training, and how live it is; ``python -m tests.benchmarks`` prints it."""
