"""A model of money: random jobs against random faults, with the server's state as the judge.

``python -m tests.model --seed 1 --operations 100000`` runs refunds, charges and schedules by
several processes against the fake's application, in virtual time and without sockets. Each request
may meet any fault, each job may be cancelled at any await, and each process may end at any line of
the package, as by ``SIGKILL``, and be replaced by one that repeats its jobs.

A run is a series of episodes. Each is a :class:`~tests.model.plan.Plan`, plain data that is drawn
from a seed (:mod:`.generate`), run (:mod:`.run`), judged by the server's state (:mod:`.judge`) and,
if it shows a violation, shrunk (:mod:`.shrink`) and printed, to be replayed with ``--replay``.
"""
