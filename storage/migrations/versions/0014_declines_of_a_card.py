"""declines of a card."""

import sqlalchemy as sa
from alembic import op

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None

REFUSED = sa.text("decline_kind <> ''")


def upgrade() -> None:
    op.create_index(
        'ix_charge_attempts_declined',
        'charge_attempts',
        ['saved_card_id', 'sent_at'],
        sqlite_where=REFUSED,
        postgresql_where=REFUSED,
    )


def downgrade() -> None:
    op.drop_index('ix_charge_attempts_declined', table_name='charge_attempts')
