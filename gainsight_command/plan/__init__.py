"""`gainsight plan`: what a sync would cost."""
