"""Found by observability, as the admin finds `admin.py`."""

from typing import Any

from django.dispatch import receiver
from shop.signals import sold

from observability import business

sales = business.Counter("shop_sales_total", "Articles sold.", labels={"kind": ("book", "pen")})
business.fact("shop_articles", "Articles on sale.", lambda: 3.0)


@receiver(sold)
def count_sale(sender: Any, *, kind: str, **kwargs: Any) -> None:
    sales.inc(kind=kind)
