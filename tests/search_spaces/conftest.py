"""Settings of the property tests."""

from hypothesis import settings

# A busy machine is no bug: no deadline for a single example.
settings.register_profile("search_spaces", deadline=None, max_examples=40)
settings.load_profile("search_spaces")
