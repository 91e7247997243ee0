"""``client.kcp_quick``: quick payments of KCP.

API: https://developers.portone.io/api/rest-v1/kcpQuick
"""

from __future__ import annotations

from ._charging import Charging
from ._errors import KcpQuickNotFoundError
from ._members import Members
from ._registration import Registration

__all__ = ("KcpQuick", "KcpQuickNotFoundError")


class KcpQuick(Registration, Charging, Members):
    """The operations of ``/kcpquick``.

    The payments happen once for each ``merchant_uid``, as
    :class:`portone_async.resources.charges.Charges` describes it.
    """
