"""Customers, items and orders."""

# mypy: disable-error-code="var-annotated, no-any-return"
# A project has the plugin of django-stubs, which knows what a field holds.

from django.contrib.auth.models import AbstractUser
from django.db import models

__all__ = ["Customer", "Item", "Order"]


class Customer(AbstractUser):
    """Somebody who is signed in."""

    plan = models.CharField(max_length=10, default="free")


class Item(models.Model):
    """Something that can be ordered."""

    title = models.CharField(max_length=100)
    cents = models.IntegerField()

    def __str__(self) -> str:
        return self.title

    @property
    def price(self) -> str:
        return f"{self.cents / 100:.2f} €"


class Order(models.Model):
    """An item that somebody wants to have."""

    customer = models.ForeignKey(Customer, models.CASCADE)
    item = models.ForeignKey(Item, models.CASCADE)
    way = models.CharField(max_length=10)

    def __str__(self) -> str:
        return f"{self.item} for {self.customer}"
