"""Networks as parts of a graph: tracing a module, appending its nodes, and checking its weights.

Importing this package needs no torch.
"""
