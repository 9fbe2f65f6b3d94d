"""Numeric views: the same environments, tasks, rewards and verifiers behind spaces of numbers."""
