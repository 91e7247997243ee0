"""Parse single cells: order number, amount, currency, status. Pure; the same for every source.

A cell is what its reader yields: text, a number, or ``None``.
"""
