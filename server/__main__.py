"""Command line: `python -m server serve`, and what a person needs around it."""

import sys

from server.cli import main

if __name__ == "__main__":
    sys.exit(main())
