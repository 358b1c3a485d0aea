"""transfers that are alike."""

import sqlalchemy as sa
from alembic import op

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None

DOCUMENT = ['portal_id', 'direction', 'account', 'counterparty_account', 'number', 'document_date', 'amount']


def upgrade() -> None:
    with op.batch_alter_table('bank_transfers', schema=None) as batch_op:
        batch_op.add_column(sa.Column('ordinal', sa.Integer(), server_default='1', nullable=False))
        batch_op.drop_constraint('uq_bank_transfers_document', type_='unique')
        batch_op.create_unique_constraint('uq_bank_transfers_document', [*DOCUMENT, 'ordinal'])


def downgrade() -> None:
    with op.batch_alter_table('bank_transfers', schema=None) as batch_op:
        batch_op.drop_constraint('uq_bank_transfers_document', type_='unique')
        batch_op.create_unique_constraint('uq_bank_transfers_document', DOCUMENT)  # refused where two are alike
        batch_op.drop_column('ordinal')
