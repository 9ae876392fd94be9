"""The hosted control plane, as far as a bundle can show it."""
