"""Connections to other people's servers, which stores and sources share: one file for each driver."""
