"""``python -m quadcim``."""

import sys

from quadcim.cli import main

sys.exit(main())
