"""Portals: installs, tokens, shared batches, registration of robots, and the CRM as the other rooms need it."""
