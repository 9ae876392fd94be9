"""Load balancers and Ingresses."""
