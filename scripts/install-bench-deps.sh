#!/bin/sh
# Installs what `make bench` needs and Rust does not bring: wrk and the PostgreSQL server, from Debian's packages.
set -eu

missing=
command -v wrk >/dev/null || missing="$missing wrk"
command -v setpriv >/dev/null || missing="$missing util-linux"
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
[ -n "$missing" ] || exit 0

as_root=
[ "$(id -u)" -eq 0 ] || as_root=sudo
echo "installing:$missing" >&2
$as_root apt-get update -qq
# shellcheck disable=SC2086 # a list of words
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
