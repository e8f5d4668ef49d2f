"""From the bytes of a page to the lines of Singer records."""
