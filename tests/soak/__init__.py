"""Half an hour of bad weather: every answer is compared with the truth.

``python -m tests.soak --minutes 30`` runs a fake PortOne behind a rude proxy in a process of its
own (:mod:`.world`), where everything goes wrong that may (:mod:`.weather`, :mod:`.proxy`), and
asks it all kinds of questions (:mod:`.questions`) from fifty tasks at once (:mod:`.load`). What
is right is a function of the order's number, the seed and the time (:mod:`.truth`), so both
processes know it without a word between them.

A seed fixes the orders, the weather and what is asked; how the tasks take turns is the machine's
own. Bytes are cut, delayed and cut into pieces here, never flipped: a flipped digit in a body
without a checksum is another amount, and over plain HTTP nobody can tell. TLS can.
"""
