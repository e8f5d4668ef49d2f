"""Objects that are written by calls of their own: persons, calls to action, the timeline."""
