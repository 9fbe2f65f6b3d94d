"""Adapters to other libraries, each imported only by those who have that library installed."""
