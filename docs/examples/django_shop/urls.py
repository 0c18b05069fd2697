"""The shop's addresses."""

from django.urls import path

from django_shop import views

urlpatterns = [
    path("", views.items, name="items"),
    path("login", views.sign_in, name="login"),
    path("orders", views.order, name="orders"),
    path("items/<int:item>/reviews", views.Reviews.as_view(), name="reviews"),
    path("me", views.me, name="me"),
    path("health", views.health, name="health"),
]
