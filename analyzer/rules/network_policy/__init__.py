"""Network policies of the customer."""
