"""Samplers as plain functions that one can read aloud, one file each."""
