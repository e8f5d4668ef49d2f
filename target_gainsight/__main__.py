"""`python -m target_gainsight`."""

from target_gainsight.target import TargetGainsight

TargetGainsight.cli()
