"""A small shop in FastAPI. Start it from the root: `uvicorn --app-dir docs/examples fastapi_shop.main:app`."""
