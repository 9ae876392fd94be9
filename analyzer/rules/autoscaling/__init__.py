"""Autoscalers of pods and of nodes."""
