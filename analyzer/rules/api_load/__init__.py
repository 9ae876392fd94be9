"""The load on the API server and its store."""
