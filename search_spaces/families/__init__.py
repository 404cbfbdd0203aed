"""The built-in model families: one file each, found through entry points like anybody's."""
