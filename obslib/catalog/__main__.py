"""`python -m obslib.catalog` writes the catalogue's page to standard output."""

import sys

from obslib.catalog.page import page

if __name__ == "__main__":
    sys.stdout.write(page())
