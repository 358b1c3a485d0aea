"""a portal's policy of retries."""

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('portals', schema=None) as batch_op:
        batch_op.add_column(
            sa.Column('retry_days', sa.JSON(none_as_null=True), server_default='[1, 3, 5, 7]', nullable=False)
        )


def downgrade() -> None:
    with op.batch_alter_table('portals', schema=None) as batch_op:
        batch_op.drop_column('retry_days')
