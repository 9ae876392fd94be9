"""Secrets never reach a reader: the engine that masks them in everything that an output shows."""
