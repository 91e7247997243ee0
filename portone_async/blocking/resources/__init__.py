"""The sections of the API for code without an event loop."""
