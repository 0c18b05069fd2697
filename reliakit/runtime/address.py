"""Where definitions say that shared state lives. On its own, since commands ask for it that need nothing else of a worker."""

from reliakit.definitions.models import Definitions
from reliakit.definitions.operating_models import StoreSection
from reliakit.stores.opening import Address

__all__ = ["address_of"]


def address_of(definitions: Definitions) -> Address:
    """Returns where the definitions say that shared state lives."""
    written = definitions.store
    if isinstance(written, StoreSection):
        return Address(written.url, written.namespace or "reliakit", written.auto_migrate)
    return Address(written) if written else Address()
