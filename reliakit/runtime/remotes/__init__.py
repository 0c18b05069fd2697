"""Upstreams that are elsewhere: which of their endpoints gets a request, and what is made of it when one fails."""
