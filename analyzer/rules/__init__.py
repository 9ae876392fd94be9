"""The rules, one small file each, and the engine that runs them with five outcomes."""
