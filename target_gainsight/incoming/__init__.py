"""What comes down the pipe: Singer messages, collected into batches."""
