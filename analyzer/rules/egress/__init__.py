"""The required way out: endpoints, identity."""
