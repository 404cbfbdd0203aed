"""Side-by-side comparisons, run by ``make bench`` or one by one with ``python -m``."""
