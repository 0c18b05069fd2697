"""What the tests of stores share."""

import pytest

# A contract that ships in the package is rewritten by pytest only where it is told to; then it shows what differs.
for _name in (
    "stores",
    "store_ground",
    "store_counting",
    "store_retiring",
    "store_documents",
    "store_life",
    "store_model",
):
    pytest.register_assert_rewrite(f"reliakit.testing.{_name}")
