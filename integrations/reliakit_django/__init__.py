"""reliakit in Django: flags and releases in settings, views, templates, commands and the admin."""
