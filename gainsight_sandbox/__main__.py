"""`python -m gainsight_sandbox`."""

from gainsight_sandbox.command.cli import main

if __name__ == "__main__":
    main()
