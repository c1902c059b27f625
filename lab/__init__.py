"""The world in a box: docs/lab.md."""
