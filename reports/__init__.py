"""The HTML report's templates, style sheet and script, shipped as data."""
