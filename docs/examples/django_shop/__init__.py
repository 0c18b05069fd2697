"""A small shop in Django. Start it from the root: `python docs/examples/django_shop/manage.py serve`."""
