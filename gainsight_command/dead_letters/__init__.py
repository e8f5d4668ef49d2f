"""`gainsight rejects`: what the dead-letter files hold, and sending it again."""
