"""The admission gate: what is tried on a task before its rewards are believed."""
