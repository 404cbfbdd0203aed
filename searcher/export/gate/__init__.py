"""The parity gate: rows to ask about, the truth, the asking, and the comparing.

Start here: ``parity.check_parity``.
"""
