"""receipts and refunds that were never sent."""

import sqlalchemy as sa
from alembic import op

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('receipts', schema=None) as batch_op:
        batch_op.add_column(sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table('refunds', schema=None) as batch_op:
        batch_op.add_column(sa.Column('accepted_at', sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE receipts SET sent_at = created_at WHERE kind = 'closing' AND look_ups > 0")
    op.execute("UPDATE refunds SET look_up_at = created_at WHERE state = 'created'")


def downgrade() -> None:
    with op.batch_alter_table('refunds', schema=None) as batch_op:
        batch_op.drop_column('accepted_at')
    with op.batch_alter_table('receipts', schema=None) as batch_op:
        batch_op.drop_column('sent_at')
