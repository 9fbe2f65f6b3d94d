"""Packs: folders of tasks from others, found, locked and played under ids of their own."""
