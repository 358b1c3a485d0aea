"""Everything outside the service on one machine: a portal, acquirers, a mail catcher and a clock that can be moved."""
