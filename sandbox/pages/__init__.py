"""Pages for people: a portal's little designer, its CRM, the clock, the letters and the acquirer's book."""
