"""What admission policies of the customer deny."""
