#!/bin/sh
# Runs a command beside a PostgreSQL of its own and takes that away afterwards:
#
#     scripts/with-postgres.sh cargo nextest run
#
# The command finds it through PARLOR_TEST_POSTGRES_URL; where that is set already, nothing is started.
# Ends with the command's own exit code.
set -eu

if [ $# -eq 0 ]; then
    echo "usage: $0 COMMAND [ARGUMENT...]" >&2
    exit 2
fi
[ -z "${PARLOR_TEST_POSTGRES_URL:-}" ] || exec "$@"

programs=$(find /usr/lib/postgresql -path '*/bin/initdb' 2>/dev/null | sort -V | tail -n 1)
if [ -z "$programs" ]; then
    echo "no PostgreSQL server: run scripts/install-test-deps.sh" >&2
    exit 1
fi
programs=${programs%/initdb}

folder=$(mktemp -d)
running=
child=

# As the user the server insists on, where it can look around.
as_postgres() (
    cd "$folder"
    if [ "$(id -u)" -eq 0 ]; then
        exec runuser -u postgres -- "$@"
    fi
    exec "$@"
)

clean_up() {
    status=$?
    trap - EXIT
    trap '' HUP INT TERM
    # Nobody will read this data again, so it need not be written out first.
    [ -z "$running" ] || as_postgres "$programs/pg_ctl" stop -D "$folder/data" -m immediate -w >/dev/null || true
    rm -rf "$folder"
    exit "$status"
}
pass_on() {
    [ -n "$child" ] || exit 143
    interrupted=yes
    kill -s "$1" "$child" 2>/dev/null || true
}
trap clean_up EXIT
trap 'pass_on HUP' HUP
trap 'pass_on INT' INT
trap 'pass_on TERM' TERM

complain() {
    cat "$folder/log" >&2 2>/dev/null || true
    echo "$1" >&2
    exit 1
}

[ "$(id -u)" -ne 0 ] || chown postgres "$folder"
as_postgres "$programs/initdb" --auth=trust --encoding=UTF8 --locale=C.UTF-8 --username=postgres \
    -D "$folder/data" >"$folder/log" 2>&1 || complain "initdb failed"
# No setting that makes commits faster than they are: the tests shall meet the durability that operators have.
as_postgres tee -a "$folder/data/postgresql.conf" >/dev/null <<SETTINGS
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
SETTINGS

# Below the ports that the system gives out by itself; a taken one only costs another attempt.
for _ in 1 2 3 4 5 6 7 8 9 10; do
    random=$(od -An -N2 -tu2 /dev/urandom)
    port=$((20000 + random % 12000))
    if as_postgres "$programs/pg_ctl" start -D "$folder/data" -l "$folder/data/log" -o "-p $port" -w >>"$folder/log"; then
        running=yes
        break
    fi
done
if [ -z "$running" ]; then
    cat "$folder/data/log" >&2 || true
    complain "PostgreSQL did not start"
fi

PARLOR_TEST_POSTGRES_URL="postgres://postgres@127.0.0.1:$port/postgres"
export PARLOR_TEST_POSTGRES_URL

# In the background, so that a signal is passed on at once. A shell takes standard input from such a command and makes
# it deaf to interrupts; both are given back.
exec 3<&0
env --default-signal=INT,QUIT "$@" <&3 3<&- &
child=$!
status=127
# A signal ends `wait` early; then there is still something to wait for, unless the command ended just before.
while :; do
    interrupted=
    code=0
    wait "$child" || code=$?
    [ "$code" -eq 127 ] || status=$code
    [ -n "$interrupted" ] || break
done
exit "$status"
