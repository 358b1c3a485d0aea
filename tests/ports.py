"""A port for a process that is started, and perhaps killed and started again, while other tests open theirs."""

import secrets
import socket

BELOW_WHAT_THE_SYSTEM_HANDS_OUT = range(20_000, 32_000)
"""Linux gives 32768 and up to whoever asks for any port, so none of them takes ours while its process is down."""


def free_port() -> int:
    while True:
        port = secrets.choice(BELOW_WHAT_THE_SYSTEM_HANDS_OUT)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
