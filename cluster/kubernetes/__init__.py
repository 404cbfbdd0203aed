"""Searches on Kubernetes: a RayJob each, made of installed manifests and typed values."""
