"""Customers' own workloads."""
