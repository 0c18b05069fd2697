"""Flags over HTTP, for front ends and other languages: the OpenFeature Remote Evaluation Protocol, version 1."""
