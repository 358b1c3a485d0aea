"""limits asked for on the page."""

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('charges', schema=None) as batch_op:
        batch_op.add_column(sa.Column('later_limit', sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column('later_period', sa.Text(), server_default='', nullable=False))
        batch_op.create_check_constraint(
            batch_op.f('ck_charges_later_period_known'), "later_period IN ('', 'day', 'week', 'month', 'year')"
        )
        batch_op.create_check_constraint(batch_op.f('ck_charges_later_limit_positive'), 'later_limit > 0')


def downgrade() -> None:
    with op.batch_alter_table('charges', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('ck_charges_later_limit_positive'), type_='check')
        batch_op.drop_constraint(batch_op.f('ck_charges_later_period_known'), type_='check')
        batch_op.drop_column('later_period')
        batch_op.drop_column('later_limit')
