"""Analyses of the typed tree: who owns storage, what may outlive it, which functions can raise."""
