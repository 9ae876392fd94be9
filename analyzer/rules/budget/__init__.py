"""Budgets of the customer: disruption budgets and resource quotas."""
