"""The command `target-gainsight`, also as `python -m target_gainsight`."""

from gainsight_singer.start import hear_interrupts


def main() -> None:
    """Run it."""
    hear_interrupts(importing=True)
    from target_gainsight.target import TargetGainsight  # noqa: PLC0415 - the SDK takes most of a second

    TargetGainsight.cli()


if __name__ == "__main__":
    main()
