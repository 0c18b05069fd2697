"""An app to be served: `uvicorn tests.middleware.ofrep_app:app`."""

from reliakit import Reliakit
from tests.middleware.test_ofrep import FLAGS, ORIGIN, TOKEN

__all__ = ["app"]

app = Reliakit({"flags": FLAGS}).ofrep_asgi(tokens=[TOKEN], origins=[ORIGIN])
