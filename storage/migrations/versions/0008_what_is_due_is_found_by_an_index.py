"""what is due is found by an index."""

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index('ix_charge_attempts_due', 'charge_attempts')
    op.drop_index('ix_receipts_due', 'receipts')
    for table, column in DUE:
        is_due = sa.text(f'{column} IS NOT NULL')
        op.create_index(f'ix_{table}_due', table, [column], sqlite_where=is_due, postgresql_where=is_due)


def downgrade() -> None:
    for table, _ in DUE:
        op.drop_index(f'ix_{table}_due', table)
    op.create_index('ix_charge_attempts_due', 'charge_attempts', ['state', 'look_up_at'])
    op.create_index('ix_receipts_due', 'receipts', ['state', 'look_up_at'])


DUE = (
    ('charges', 'next_attempt_at'),
    ('charge_attempts', 'look_up_at'),
    ('receipts', 'look_up_at'),
    ('refunds', 'look_up_at'),
)
