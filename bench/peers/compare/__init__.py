"""Measures pdf-ingest beside other ways to do the same work; `python -m compare` is the program."""
