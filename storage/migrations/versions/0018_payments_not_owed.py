"""payments not owed."""

from alembic import op

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None

BEFORE = (
    "'payment_received', 'payment_declined', 'payment_given_up', 'payment_cancelled', 'payment_refunded', "
    "'payment_taken_back', 'card_linked', 'debt_appeared', 'debt_cleared', 'schedule_finished'"
)


def upgrade() -> None:
    _known(f"{BEFORE}, 'payment_not_owed'")


def downgrade() -> None:
    op.execute("DELETE FROM news WHERE what = 'payment_not_owed'")
    _known(BEFORE)


def _known(happenings: str) -> None:
    with op.batch_alter_table('news', schema=None) as batch_op:
        batch_op.drop_constraint(op.f('ck_news_what_known'), type_='check')
        batch_op.create_check_constraint(op.f('ck_news_what_known'), f'what IN ({happenings})')
