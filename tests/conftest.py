"""What every test shares."""

from hypothesis import settings

# A deadline per example measures the machine, not the code; a failing example is printed so that anyone can replay it.
settings.register_profile("reliakit", deadline=None, print_blob=True)
settings.load_profile("reliakit")
