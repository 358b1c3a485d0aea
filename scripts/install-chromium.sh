#!/bin/sh
# Installs Debian's Chromium and a font with Cyrillic letters, unless a Chromium is there already: the tests marked
# `browser` drive our pages in it. Needs root and apt; `make test` calls it.
set -eu

for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null; then
        exit 0
    fi
done

if ! command -v apt-get >/dev/null || [ "$(id -u)" -ne 0 ]; then
    echo "The browser tests need Chromium. Install it (Debian, Ubuntu: sudo apt-get install chromium) and repeat," >&2
    echo "or run the other tests alone: .venv/bin/pytest -m 'not browser'" >&2
    exit 1
fi

echo "Installing Chromium for the browser tests ..."
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null
