"""pages, subscriptions, receipts."""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
STATES = "'created', 'sent', 'pending', 'unknown', 'succeeded', 'declined', 'not_sent'"


def upgrade() -> None:
    op.create_table('subscriptions',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('portal_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('document', sa.Text(), nullable=False),
    sa.Column('customer', sa.Text(), nullable=False),
    sa.Column('saved_card_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.Column('description', sa.Text(), nullable=False),
    sa.Column('receipt_email', sa.Text(), nullable=False),
    sa.Column('period', sa.Text(), nullable=False),
    sa.Column('every', sa.Integer(), nullable=False),
    sa.Column('first_date', sa.Date(), nullable=False),
    sa.Column('next_date', sa.Date(), nullable=True),
    sa.Column('ends_on', sa.Date(), nullable=True),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("state IN ('active', 'stopped', 'ended')", name=op.f('ck_subscriptions_state_known')),
    sa.CheckConstraint('amount > 0', name=op.f('ck_subscriptions_amount_positive')),
    sa.ForeignKeyConstraint(['portal_id'], ['portals.id'], name=op.f('fk_subscriptions_portal_id')),
    sa.ForeignKeyConstraint(['saved_card_id'], ['saved_cards.id'], name=op.f('fk_subscriptions_saved_card_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_subscriptions')),
    sa.UniqueConstraint('portal_id', 'key', name=op.f('uq_subscriptions_portal_id_key'))
    )
    with op.batch_alter_table('subscriptions', schema=None) as batch_op:
        batch_op.create_index('ix_subscriptions_due', ['state', 'next_date'], unique=False)

    op.create_table('receipts',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('portal_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('charge_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('attempt_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('refund_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('number', sa.Text(), nullable=False),
    sa.Column('content', sa.JSON(none_as_null=True), nullable=False),
    sa.Column('gateway_receipt_id', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('look_ups', sa.Integer(), nullable=False),
    sa.Column('look_up_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('settled_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("kind IN ('payment', 'refund', 'closing')", name=op.f('ck_receipts_kind_known')),
    sa.CheckConstraint("state IN ('planned', 'pending', 'done', 'failed')", name=op.f('ck_receipts_state_known')),
    sa.ForeignKeyConstraint(['attempt_id'], ['charge_attempts.id'], name=op.f('fk_receipts_attempt_id')),
    sa.ForeignKeyConstraint(['charge_id'], ['charges.id'], name=op.f('fk_receipts_charge_id')),
    sa.ForeignKeyConstraint(['portal_id'], ['portals.id'], name=op.f('fk_receipts_portal_id')),
    sa.ForeignKeyConstraint(['refund_id'], ['refunds.id'], name=op.f('fk_receipts_refund_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_receipts')),
    sa.UniqueConstraint('portal_id', 'number', name=op.f('uq_receipts_portal_id_number'))
    )
    with op.batch_alter_table('receipts', schema=None) as batch_op:
        batch_op.create_index('ix_receipts_due', ['state', 'look_up_at'], unique=False)

    with op.batch_alter_table('charge_attempts', schema=None) as batch_op:
        batch_op.add_column(sa.Column('method', sa.Text(), server_default='saved_card', nullable=False))
        batch_op.add_column(sa.Column('asked_by', sa.Text(), server_default='call', nullable=False))
        batch_op.add_column(sa.Column('qr_payload', sa.Text(), server_default='', nullable=False))
        batch_op.add_column(sa.Column('valid_until', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('consent_given', sa.JSON(none_as_null=True), server_default='{}', nullable=False))
        batch_op.alter_column('saved_card_id', existing_type=ID, nullable=True)
        batch_op.drop_constraint(batch_op.f('ck_charge_attempts_state_known'), type_='check')
        batch_op.create_check_constraint(batch_op.f('ck_charge_attempts_state_known'), f"state IN ({STATES}, 'cancelled')")
        batch_op.create_check_constraint(batch_op.f('ck_charge_attempts_method_known'), "method IN ('saved_card', 'card', 'sbp')")
        batch_op.create_check_constraint(batch_op.f('ck_charge_attempts_asked_by_known'), "asked_by IN ('call', 'plan', 'person', 'client')")
        batch_op.create_check_constraint(batch_op.f('ck_charge_attempts_card_named'), "(method = 'saved_card') = (saved_card_id IS NOT NULL)")

    with op.batch_alter_table('charges', schema=None) as batch_op:
        batch_op.add_column(sa.Column('gateway', sa.Text(), server_default='', nullable=False))

    with op.batch_alter_table('consents', schema=None) as batch_op:
        batch_op.add_column(sa.Column('how', sa.Text(), server_default='import', nullable=False))
        batch_op.add_column(sa.Column('text_version', sa.Text(), server_default='', nullable=False))
        batch_op.add_column(sa.Column('words', sa.Text(), server_default='', nullable=False))
        batch_op.add_column(sa.Column('evidence', sa.JSON(none_as_null=True), server_default='{}', nullable=False))
        batch_op.add_column(sa.Column('limit_amount', sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column('limit_currency', sa.Text(), server_default='', nullable=False))
        batch_op.add_column(sa.Column('limit_period', sa.Text(), server_default='', nullable=False))
        batch_op.create_check_constraint(batch_op.f('ck_consents_how_known'), "how IN ('page', 'import', 'paper')")
        batch_op.create_check_constraint(batch_op.f('ck_consents_limit_period_known'), "limit_period IN ('', 'day', 'week', 'month', 'year')")

    with op.batch_alter_table('saved_cards', schema=None) as batch_op:
        batch_op.add_column(sa.Column('method', sa.Text(), server_default='card', nullable=False))
        batch_op.add_column(sa.Column('terminal_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.add_column(sa.Column('expiry_told', sa.Text(), server_default='', nullable=False))
        batch_op.create_foreign_key(batch_op.f('fk_saved_cards_terminal_id'), 'terminals', ['terminal_id'], ['id'])
        batch_op.create_check_constraint(batch_op.f('ck_saved_cards_method_known'), "method IN ('card', 'sbp')")



def downgrade() -> None:
    with op.batch_alter_table('saved_cards', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_saved_cards_terminal_id'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('ck_saved_cards_method_known'), type_='check')
        batch_op.drop_column('expiry_told')
        batch_op.drop_column('terminal_id')
        batch_op.drop_column('method')

    with op.batch_alter_table('consents', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('ck_consents_limit_period_known'), type_='check')
        batch_op.drop_constraint(batch_op.f('ck_consents_how_known'), type_='check')
        batch_op.drop_column('limit_period')
        batch_op.drop_column('limit_currency')
        batch_op.drop_column('limit_amount')
        batch_op.drop_column('evidence')
        batch_op.drop_column('words')
        batch_op.drop_column('text_version')
        batch_op.drop_column('how')

    with op.batch_alter_table('charges', schema=None) as batch_op:
        batch_op.drop_column('gateway')

    with op.batch_alter_table('charge_attempts', schema=None) as batch_op:
        batch_op.alter_column('saved_card_id',
               existing_type=ID,
               nullable=False)
        for name in ('card_named', 'asked_by_known', 'method_known', 'state_known'):
            batch_op.drop_constraint(batch_op.f(f'ck_charge_attempts_{name}'), type_='check')
        batch_op.create_check_constraint(batch_op.f('ck_charge_attempts_state_known'), f"state IN ({STATES})")
        batch_op.drop_column('consent_given')
        batch_op.drop_column('valid_until')
        batch_op.drop_column('qr_payload')
        batch_op.drop_column('asked_by')
        batch_op.drop_column('method')

    with op.batch_alter_table('receipts', schema=None) as batch_op:
        batch_op.drop_index('ix_receipts_due')

    op.drop_table('receipts')
    with op.batch_alter_table('subscriptions', schema=None) as batch_op:
        batch_op.drop_index('ix_subscriptions_due')

    op.drop_table('subscriptions')
