"""`python -m obslib` is the `obslib` command."""

import sys

from obslib.cli import main

sys.exit(main())
