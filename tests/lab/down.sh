#!/bin/bash
# down.sh STATEDIR [all|dovecot|postfix] [TERM|KILL]
# Stops what up.sh started there; mail and configuration stay. Signals only the pids on record, and only after
# looking whether they are still this lab's: a stale pid file may name somebody else's process.
set -u; export LC_ALL=C
S=$(cd "$1" 2>/dev/null && pwd -P) || exit 0; which=${2:-all}; signal=${3:-TERM}

alive() { # a zombie (its parent is slow to reap) is dead
  case "$(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null)" in ''|Z*) return 1;; esac
}
ours() { # PIDFILE COMM: the pid, if it is this lab's
  [ -r "$1" ] || return 0
  local pid; pid=$(tr -dc 0-9 < "$1")
  [ -n "$pid" ] && alive "$pid" && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$2" ] || return 0
  { tr '\0' ' ' < "/proc/$pid/cmdline" | grep -qF "$S/" || [ "$(readlink "/proc/$pid/cwd")" = "$S/postfix/spool" ]; } &&
    echo "$pid"
}
children() { # PID: it and all below it
  echo "$1"; local c; for c in $(cat /proc/"$1"/task/*/children 2>/dev/null); do children "$c"; done
}

pids=
[ "$which" = postfix ] || pids="$pids $(ours "$S/dovecot/run/master.pid" dovecot)"
[ "$which" = dovecot ] || pids="$pids $(ours "$S/postfix/spool/pid/master.pid" master)"
all=; for p in $pids; do all="$all $(children "$p")"; done
if [ "$signal" = KILL ]; then [ -z "${all// }" ] || kill -KILL $all 2>/dev/null
else
  # Dovecot's master waits for its children for many seconds, unless they are told too.
  [ -z "${all// }" ] || kill -TERM $all 2>/dev/null
fi
for p in $all; do
  n=0
  while alive "$p"; do
    n=$((n+1)); [ $n -lt 160 ] || { kill -KILL "$p" 2>/dev/null; break; }
    sleep 0.05
  done
done
# Dovecot does not start beside the pid of a zombie.
[ "$which" = postfix ] || rm -f "$S/dovecot/run/master.pid"
exit 0
