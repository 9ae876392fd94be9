"""Known upstream bugs as findings."""
