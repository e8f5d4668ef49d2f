"""What a machine may run out of, or lack: a cell for each, with what must come of it."""
