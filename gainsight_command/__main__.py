"""The command `gainsight`, also as `python -m gainsight_command`."""

from gainsight_singer.start import hear_interrupts


def main() -> None:
    """Run it."""
    hear_interrupts(importing=True)
    from gainsight_command.cli import main as command  # noqa: PLC0415 - it imports the SDK

    command()


if __name__ == "__main__":
    main()
