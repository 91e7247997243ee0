"""``python -m portone_async`` does what ``portone-async`` does."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
