"""Episodes in which nobody can score honestly, mixed in among others to see who cheats."""
