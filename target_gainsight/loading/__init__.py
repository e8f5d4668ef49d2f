"""From a stream's batches to its loader: in what order, by which road."""
