#!/bin/sh
# controller: starts it, with all that it knew. Its process is in slurmctld.pid.
cd "$(dirname "$0")" || exit 1
exec slurmctld -i </dev/null >>log/slurmctld.out 2>&1
