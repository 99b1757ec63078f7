#!/bin/bash
# start.sh STATEDIR [all|dovecot|postfix]   starts servers that up.sh has configured, and waits until they answer.
set -eu; export LC_ALL=C
S=$(cd "$1" && pwd -P); which=${2:-all}; . "$S/env.sh"
ports=
# setsid and closed files: neither master may keep the caller's pipes open, or `start.sh | cat` would never end.
if [ "$which" != postfix ]; then
  ports="$ports $LAB_IMAP $LAB_IMAPS"
  setsid /usr/sbin/dovecot -c "$S/dovecot/dovecot.conf" </dev/null >>"$S/log/start.log" 2>&1 ||
    { tail -5 "$S/log/start.log" >&2; exit 1; }
fi
if [ "$which" != dovecot ]; then
  ports="$ports $LAB_SMTP $LAB_SUBMISSION $LAB_SMTPS"
  MAIL_CONFIG= setsid /usr/sbin/postfix -c "$S/postfix/etc" start </dev/null >>"$S/log/start.log" 2>&1 ||
    { tail -5 "$S/log/start.log" "$S/log/postfix.log" >&2; exit 1; }
fi
for port in $ports; do
  n=0
  until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
    n=$((n+1)); [ $n -lt 200 ] || { echo "port $port does not answer" >&2; tail -5 "$S"/log/*.log >&2; exit 1; }
    sleep 0.05
  done
done
