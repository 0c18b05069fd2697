"""A few items, and 200 customers."""

from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import migrations

_ITEMS = [("Blue tea cup", 900), ("Green tea", 450), ("Tea pot", 2500), ("Blue plate", 1200)]


def stock(apps: Any, _: Any) -> None:
    item, customer = (apps.get_model("django_shop", name) for name in ("Item", "Customer"))
    item.objects.bulk_create(item(title=title, cents=cents) for title, cents in _ITEMS)
    closed = make_password(None)
    plans = {f"user-{n}": "free" if n % 5 else "pro" for n in range(200)}
    customer.objects.bulk_create(
        customer(username=name, plan=plan, password=closed) for name, plan in plans.items()
    )


class Migration(migrations.Migration):
    dependencies = (("django_shop", "0001_initial"),)
    operations = (migrations.RunPython(stock, migrations.RunPython.noop),)
