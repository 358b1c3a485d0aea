"""Arithmetic: money, splits, dates, plans, debt; pure functions on exact integers.

Money is whole minor units with a currency, rates are exact fractions, dates are dates; there is no float and no clock
here: today, the calendar and the rounding rules are passed in. Input that cannot be worked with raises
`refusal.Refusal`, whose `ru` and `en` are the sentence a person reads.

    money.py          Money(minor, currency), Money.parse(text, currency, default=), .text, Money.rounded(...)
    currencies.py     exponent(code), codes and the words people write for them
    percent.py        parse_percent("12,5%") -> Fraction(1, 8); parse_sum_or_percent("20%" or "10 000", currency)
    dates_text.py     Culture, parse_date(text, culture) -> date
    split.py          Remainder, split(total, parts, remainder, unit)
    shares.py         parse_shares("50%, 30%, rest"), split_by_shares(total, shares)
    calendar.py       Shift, Calendar(working=, off=): is_working_day, shift, shift_all, is_projection; RUSSIA
    recurrence.py     Period, MonthEnd, Recurrence(anchor, ...): date(k), dates(), count_until, first_after;
                      PaymentDates.of(start_date, first_date, ...): take(count), agreed_count(count, until)
    next_date.py      CatchUp, StopReason, advance(...) -> NextDate
    day_count.py      DayCount, year_fraction(day_count, start, end), Accrual: the factors of a plan's rows
    custom_rows.py    parse_custom_rows(text or list, currency, culture) -> CustomRow, ...; custom_sums.py: their sums
    plan.py           PlanKind, Terms, build_plan(terms, calendar) -> Plan
    rows.py           Row and Plan: the rows, their totals and the checks every plan has passed before it is seen
    annuity.py        constant payments; differentiated.py: constant principal
    outgrown.py       interest that a constant payment does not cover: the refusal, with what works instead
    full_cost.py      full_cost_percent(...): the full cost of credit as 12 times the monthly rate of return
    early.py          EarlyMode, Loan, loan_from_terms, loan_from_rows, recalculate(...) -> Recalculation
    instalments.py    settle(instalments, payments, day) -> Settlement: late, early, overdue, ahead
    totals.py         by_counterparty, remaining_principal, of_month by a DateField and a time zone
    retry_plan.py     plan_retry(...) -> Retry: the moment of the next try or why never; LIMITS of schemes, dated
    own_days.py       parse_own_days(text) -> OwnDays: a portal's own calendar, as an operator writes it
    debt.py           Debt, Bucket, Overpayment, parse_order, apply_payment(...), refund(...) -> Application
"""
