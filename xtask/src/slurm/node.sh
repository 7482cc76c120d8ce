#!/bin/sh
# node NAME: starts a node. Who kills the process in node.NAME.pid kills it with all that runs there.
cd "$(dirname "$0")" || exit 1
setsid unshare --pid --fork --kill-child --mount-proc slurmd -D -N "$1" </dev/null >>"log/$1.out" 2>&1 &
echo $! >"node.$1.pid"
