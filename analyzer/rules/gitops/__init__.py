"""What Flux applies."""
