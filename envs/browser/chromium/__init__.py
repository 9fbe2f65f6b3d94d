"""Real Chromium as an engine: a process, the DevTools protocol over its pipe, and one function that reads pages."""
