"""What is remembered: the only package that imports sqlalchemy."""

from api.store.engine import Reader, Store, StoreBusy, StoreClosed, Writer
from api.store.migrations import SchemaError

__all__ = ["Reader", "SchemaError", "Store", "StoreBusy", "StoreClosed", "Writer"]
