"""A soak test: random calls against random faults, with every result checked by an oracle.

``python -m tests.soak --minutes 30`` starts a fake PortOne behind a faulty proxy in another process
(:mod:`.server_process`), which injects every fault (:mod:`.fault_schedule`, :mod:`.proxy`). Fifty
tasks (:mod:`.load`) make all kinds of calls (:mod:`.lookups`). The expected result is a function of
the order's number, the seed and the time (:mod:`.oracle`), so both processes compute it without
communicating.

A seed fixes the orders, the faults and the calls; how the tasks interleave is up to the machine.
Bytes are cut, delayed and split, never changed: over plain HTTP a changed digit in a body without a
checksum cannot be detected. TLS detects it.
"""
