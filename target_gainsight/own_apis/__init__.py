"""The objects that have an API of their own: persons, calls to action, activities."""
