"""news for the CRM."""

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'news',
        sa.Column('id', KEY, autoincrement=True, nullable=False),
        sa.Column('portal_id', KEY, nullable=False),
        sa.Column('document', sa.Text(), nullable=False),
        sa.Column('what', sa.Text(), nullable=False),
        sa.Column('charge_id', KEY, nullable=True),
        sa.Column('call_id', KEY, nullable=True),
        sa.Column('attempt_id', KEY, nullable=True),
        sa.Column('refund_id', KEY, nullable=True),
        sa.Column('transfer_id', KEY, nullable=True),
        sa.Column('saved_card_id', KEY, nullable=True),
        sa.Column('said', sa.JSON(), nullable=False),
        sa.Column('stage', sa.Text(), nullable=True),
        sa.Column('is_commented', sa.Boolean(), nullable=False),
        sa.Column('tries', sa.Integer(), nullable=False),
        sa.Column('due_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('reason', sa.Text(), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "what IN ('payment_received', 'payment_declined', 'payment_given_up', 'payment_cancelled', "
            "'payment_refunded', 'payment_taken_back', 'card_linked', 'debt_appeared', 'debt_cleared', "
            "'schedule_finished')",
            name=op.f('ck_news_what_known'),
        ),
        sa.ForeignKeyConstraint(['attempt_id'], ['charge_attempts.id'], name=op.f('fk_news_attempt_id')),
        sa.ForeignKeyConstraint(['call_id'], ['calls.id'], name=op.f('fk_news_call_id')),
        sa.ForeignKeyConstraint(['charge_id'], ['charges.id'], name=op.f('fk_news_charge_id')),
        sa.ForeignKeyConstraint(['portal_id'], ['portals.id'], name=op.f('fk_news_portal_id')),
        sa.ForeignKeyConstraint(['refund_id'], ['refunds.id'], name=op.f('fk_news_refund_id')),
        sa.ForeignKeyConstraint(['transfer_id'], ['bank_transfers.id'], name=op.f('fk_news_transfer_id')),
        sa.ForeignKeyConstraint(['saved_card_id'], ['saved_cards.id'], name=op.f('fk_news_saved_card_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_news')),
    )
    is_due = sa.text('due_at IS NOT NULL')
    for name, columns in (('ix_news_due', ['due_at']), ('ix_news_waiting', ['portal_id', 'document', 'id'])):
        op.create_index(name, 'news', columns, sqlite_where=is_due, postgresql_where=is_due)


def downgrade() -> None:
    op.drop_table('news')


KEY = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
