#!/bin/bash
# reap.sh STATEDIR   waits until its standard input ends (whoever started it is gone, however that happened), then
# stops the lab there and removes it.
trap '' INT TERM HUP
cat >/dev/null
bash "$(dirname "$0")/down.sh" "$1" all KILL
rm -rf "$1"
