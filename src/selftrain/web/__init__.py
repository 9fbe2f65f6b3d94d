"""Pages for a person: a report over records, and a viewer of episodes."""
