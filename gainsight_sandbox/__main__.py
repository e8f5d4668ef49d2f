"""`python -m gainsight_sandbox`."""

from gainsight_sandbox.cli import main

if __name__ == "__main__":
    main()
