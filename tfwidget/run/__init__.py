"""The tick: what a training does between two of its steps."""
