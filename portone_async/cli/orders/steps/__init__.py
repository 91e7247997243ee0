"""The steps that :func:`portone_async.cli.orders.read_orders` passes all items through, in order.

1. :mod:`.trim_numbers` removes blanks around order numbers.
2. :mod:`.partial_refunds` completes partly refunded orders from their refund rows.
3. :mod:`.total_rows` replaces total rows by a note.
4. :mod:`.lost_digits` notes order numbers that look rounded.
5. :mod:`.orphan_rows` replaces payments without an order by a note.
6. :mod:`.empty_source` rejects a file without orders.

The first two store waiting items in a database of :mod:`.temporary`.
"""
