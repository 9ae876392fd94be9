"""Certificates of webhooks, aggregated APIs and cert-manager."""
