"""A library that takes its time to be imported, the first time in a process."""

import time

from tests.searcher.tuning.troubled_families import IMPORT_S

time.sleep(IMPORT_S)
