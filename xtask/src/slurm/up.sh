#!/bin/sh
# up COMMAND ..: a Slurm of three nodes in the folder of this script, for as long as the command takes.
# It is the first process of its namespace: all that it has started ends with it, however it ends.
cd "$(dirname "$0")" || exit 1
DOJOBBER_SLURM=$PWD SLURM_CONF=$PWD/slurm.conf
export DOJOBBER_SLURM SLURM_CONF
umask 022
# the full one has room for a program with all that debuggers want
mkdir state spool log full && mount -t tmpfs -o size=256m none full || exit 1

head -c 128 /dev/urandom >munge.key && chmod 600 munge.key || exit 1
munged --force --socket="$PWD/munge.sock" --key-file="$PWD/munge.key" --pid-file="$PWD/munged.pid" \
    --log-file="$PWD/log/munged.log" --seed-file="$PWD/munged.seed" --num-threads=2 >log/munged.out 2>&1
sh ./controller
for node in n1 n2 n3; do sh ./node "$node"; done

tries=0
until [ "$(sinfo --noheader --partition=main --states=idle --format=%D 2>/dev/null)" = 3 ]; do
    tries=$((tries + 1))
    if [ "$tries" -gt 300 ]; then
        echo "the nodes of Slurm do not come up:" >&2
        tail -n 20 log/* >&2
        exit 1
    fi
    sleep 0.1
done
cd "$OLDPWD" && "$@"
