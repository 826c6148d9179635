"""Interfaces of services: read from their declarations, and made into stubs for the guest and for the host."""
