"""A database in memory that is put back to what it was in an instant: what is tried is the order, not the disk."""

from typing import Any

from sqlalchemy import create_engine, event
from sqlalchemy.pool import StaticPool

from storage.database import Database
from storage.model import Base


class Memory(Database):
    """One connection for everybody, with every table; as strict as the file is, but nothing survives the process."""

    def __init__(self) -> None:
        engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})

        @event.listens_for(engine, "connect")
        def _prepare(connection: Any, _record: Any) -> None:
            connection.isolation_level = None
            connection.execute("PRAGMA foreign_keys = ON")

        @event.listens_for(engine, "begin")
        def _begin(connection: Any) -> None:
            connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('begin', 'DEFERRED')}")

        super().__init__(engine)
        Base.metadata.create_all(engine)
        self.empty = self.content

    @property
    def is_held(self) -> bool:
        """Whether a transaction that writes is under way."""
        return bool(self._raw.in_transaction)

    @property
    def content(self) -> bytes:
        content: bytes = self._raw.serialize()
        return content

    @content.setter
    def content(self, content: bytes) -> None:
        self._raw.deserialize(content)

    @property
    def _raw(self) -> Any:
        return self.engine.raw_connection().driver_connection
