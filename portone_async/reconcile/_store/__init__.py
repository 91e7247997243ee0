"""The tables of a store: each table's SQL in a module, and above them the methods of the store.

``orders``, ``payments`` and ``findings`` are the parts of :class:`portone_async.reconcile.Store`.
"""
