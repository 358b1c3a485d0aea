"""bank transfers."""

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('bank_transfers',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('portal_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('direction', sa.Text(), nullable=False),
    sa.Column('account', sa.Text(), nullable=False),
    sa.Column('counterparty_account', sa.Text(), nullable=False),
    sa.Column('counterparty_inn', sa.Text(), nullable=False),
    sa.Column('counterparty_name', sa.Text(), nullable=False),
    sa.Column('number', sa.Text(), nullable=False),
    sa.Column('document_date', sa.Date(), nullable=False),
    sa.Column('booked_on', sa.Date(), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.Column('purpose', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('imported_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("direction IN ('in', 'out')", name=op.f('ck_bank_transfers_direction_known')),
    sa.CheckConstraint("state IN ('unmatched', 'matched', 'own', 'left')", name=op.f('ck_bank_transfers_state_known')),
    sa.CheckConstraint('amount > 0', name=op.f('ck_bank_transfers_amount_positive')),
    sa.ForeignKeyConstraint(['portal_id'], ['portals.id'], name=op.f('fk_bank_transfers_portal_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_bank_transfers')),
    sa.UniqueConstraint('portal_id', 'direction', 'account', 'counterparty_account', 'number', 'document_date', 'amount', name='uq_bank_transfers_document')
    )
    with op.batch_alter_table('bank_transfers', schema=None) as batch_op:
        batch_op.create_index('ix_bank_transfers_state', ['portal_id', 'state'], unique=False)
        batch_op.create_index('ix_bank_transfers_counterparty', ['portal_id', 'counterparty_inn'], unique=False)

    op.create_table('transfer_bookings',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('portal_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('transfer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('rule', sa.Text(), nullable=False),
    sa.Column('charge_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('counterparty_inn', sa.Text(), nullable=False),
    sa.Column('document', sa.Text(), nullable=False),
    sa.Column('contract', sa.Text(), nullable=False),
    sa.Column('booked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('undone_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("(kind = 'counterparty') = (charge_id IS NULL)", name=op.f('ck_transfer_bookings_charge_named')),
    sa.CheckConstraint("(kind = 'counterparty') = (counterparty_inn <> '')", name=op.f('ck_transfer_bookings_counterparty_named')),
    sa.CheckConstraint("kind IN ('charge', 'credit', 'counterparty')", name=op.f('ck_transfer_bookings_kind_known')),
    sa.ForeignKeyConstraint(['charge_id'], ['charges.id'], name=op.f('fk_transfer_bookings_charge_id')),
    sa.ForeignKeyConstraint(['portal_id'], ['portals.id'], name=op.f('fk_transfer_bookings_portal_id')),
    sa.ForeignKeyConstraint(['transfer_id'], ['bank_transfers.id'], name=op.f('fk_transfer_bookings_transfer_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_transfer_bookings')),
    sa.UniqueConstraint('transfer_id', 'number', name=op.f('uq_transfer_bookings_transfer_id_number'))
    )
    with op.batch_alter_table('transfer_bookings', schema=None) as batch_op:
        batch_op.create_index('uq_transfer_bookings_one_a_charge', ['charge_id'], unique=True, sqlite_where=sa.text("kind = 'charge' AND undone_at IS NULL"), postgresql_where=sa.text("kind = 'charge' AND undone_at IS NULL"))
        batch_op.create_index('uq_transfer_bookings_standing', ['transfer_id'], unique=True, sqlite_where=sa.text('undone_at IS NULL'), postgresql_where=sa.text('undone_at IS NULL'))



def downgrade() -> None:
    with op.batch_alter_table('transfer_bookings', schema=None) as batch_op:
        batch_op.drop_index('uq_transfer_bookings_standing', sqlite_where=sa.text('undone_at IS NULL'), postgresql_where=sa.text('undone_at IS NULL'))
        batch_op.drop_index('uq_transfer_bookings_one_a_charge', sqlite_where=sa.text("kind = 'charge' AND undone_at IS NULL"), postgresql_where=sa.text("kind = 'charge' AND undone_at IS NULL"))

    op.drop_table('transfer_bookings')
    with op.batch_alter_table('bank_transfers', schema=None) as batch_op:
        batch_op.drop_index('ix_bank_transfers_counterparty')
        batch_op.drop_index('ix_bank_transfers_state')

    op.drop_table('bank_transfers')
