#!/bin/sh
# Installs what the tests need and Rust does not bring: the PostgreSQL server and Python's aiosmtpd, from Debian's
# packages. Does nothing when both are there.
set -eu

missing=
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
/usr/bin/python3 -c 'import aiosmtpd' 2>/dev/null || missing="$missing python3-aiosmtpd"
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "the tests need$missing; this is no Debian, so install the like of them by hand" >&2
    exit 1
fi
as_root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "the tests need$missing; run as root: apt-get install$missing" >&2
        exit 1
    fi
    as_root=sudo
fi
echo "installing:$missing" >&2
$as_root apt-get update -qq
# shellcheck disable=SC2086 # a list of words
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
