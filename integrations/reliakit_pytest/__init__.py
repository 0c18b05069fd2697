"""reliakit in pytest: a fixture and a marker that pin flags for a test. pytest finds the plugin by itself.

It is no part of `reliakit`, since whatever a plugin lives in is imported when pytest starts, also where no test needs
it; and it would escape those who measure coverage.
"""

__all__: list[str] = []
