"""`python -m gainsight_command`."""

from gainsight_command.cli import main

main()
