"""The counts. Losing them costs nothing, so the table is unlogged."""

from datetime import datetime

from sqlalchemy import Column, Index, LargeBinary
from sqlmodel import Field, SQLModel

from queue_service.db import Instant


class RateCount(SQLModel, table=True):
    """How often a key was hit in the window that ends at `until`."""

    __tablename__ = "rate_count"
    # Read by the housekeeping, which removes what is over.
    __table_args__ = (Index("ix_rate_count_until", "until"), {"prefixes": ["UNLOGGED"]})

    key: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    """A keyed hash: an address or a contact must not lie here in clear."""
    until: datetime = Field(sa_type=Instant)
    hits: int
