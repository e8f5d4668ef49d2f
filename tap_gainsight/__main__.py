"""The command `tap-gainsight`, also as `python -m tap_gainsight`."""

from gainsight_singer.start import hear_interrupts


def main() -> None:
    """Run it."""
    hear_interrupts(importing=True)
    from tap_gainsight.tap import TapGainsight  # noqa: PLC0415 - the SDK takes most of a second

    TapGainsight.cli()


if __name__ == "__main__":
    main()
