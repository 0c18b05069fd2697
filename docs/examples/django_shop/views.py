"""The shop's pages, some of them async."""

import os
from typing import Any

from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views import View
from django.views.decorators.http import require_POST

from django_shop.models import Customer, Item, Order
from reliakit_django import FlagRequiredMixin, flag_required, kit

__all__ = ["Reviews", "health", "items", "me", "order", "sign_in"]


def items(request: HttpRequest) -> HttpResponse:
    return render(request, "items.html", {"items": Item.objects.all()})


@require_POST
def sign_in(request: HttpRequest) -> HttpResponse:
    found = Customer.objects.filter(username=request.POST.get("name", "")).first()
    if found is None:
        return HttpResponse(status=403)
    login(request, found)
    return redirect("items")


def two_steps(request: HttpRequest) -> HttpResponse:
    return _ordered(request, "two steps")


@require_POST
@flag_required("new_checkout", otherwise=two_steps)
def order(request: HttpRequest) -> HttpResponse:
    return _ordered(request, "one step")


def _ordered(request: HttpRequest, way: str) -> HttpResponse:
    if not isinstance(request.user, Customer):
        return HttpResponse(status=401)
    item = Item.objects.filter(pk=request.POST["item"]).first()
    if item is None:
        kit().fail("unknown_item")
        raise Http404
    Order.objects.create(customer=request.user, item=item, way=way)
    return JsonResponse({"order": way}, status=201)


class Reviews(FlagRequiredMixin, View):
    """What others say of an item."""

    flag_required = "reviews"

    async def get(self, request: HttpRequest, item: int) -> HttpResponse:
        return JsonResponse([], safe=False)


async def me(request: Any) -> HttpResponse:
    """What the shop looks like to whoever asks."""
    flags = request.reliakit
    shown = {key: await flags.aenabled(key) for key in ("new_checkout", "reviews")}
    name = (await request.auser()).get_username()
    return JsonResponse({"name": name, **shown, "banner": await flags.avalue("banner", "")})


def health(request: HttpRequest) -> HttpResponse:
    """For a readiness probe."""
    ready = kit().ready
    return JsonResponse({"ready": ready, "pid": os.getpid()}, status=200 if ready else 503)
