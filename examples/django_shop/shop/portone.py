"""The client: one for all views, threads and worker processes.

It is made when Django starts. Connections are opened on first use in each process, so that gunicorn
may load the application before it forks.
"""

from __future__ import annotations

from portone_async.blocking import PortOneClient

client = PortOneClient.from_env()
