#!/bin/bash
# A search on the nodes of a SLURM job: sbatch examples/cluster/slurm.sh --budget alexnet*0.6 --data ...
#
# One Ray node a machine; the search runs on the first. Five minutes before the end of the job SLURM
# sends SIGTERM: the search stops as for Ctrl-C, with exit code 130, and the next job with the same
# arguments goes on from the last rung of each training.
#SBATCH --job-name=nas-tc
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=32
#SBATCH --time=12:00:00
#SBATCH --signal=B:TERM@300
# With GPUs, for example: #SBATCH --gpus-per-node=4
set -euo pipefail

port=${NAS_TC_PORT:-6379}
cores=${SLURM_CPUS_PER_TASK:-1}
gpus=${SLURM_GPUS_ON_NODE:-0}
mapfile -t nodes < <(scontrol show hostnames "$SLURM_JOB_NODELIST")
head=${nodes[0]}
# Not `hostname --ip-address`, which on some systems is 127.0.1.1.
address=$(srun --nodes=1 --ntasks=1 --nodelist="$head" hostname --all-ip-addresses | awk '{print $1}')

export RAY_USAGE_STATS_ENABLED=0
# Ray runs whatever it is sent, and others may use the same machines: a token of this job alone.
export RAY_AUTH_MODE=token
RAY_AUTH_TOKEN=$(python -c "import secrets; print(secrets.token_hex(32))")
export RAY_AUTH_TOKEN
# Workers take memory as in a search on one machine; leave both out where the budget limits a time.
export RAY_LD_PRELOAD_ON_WORKERS=1
export MALLOC_CONF=thp:always,dirty_decay_ms:-1,muzzy_decay_ms:-1

# Ends the Ray of this job alone; `ray stop` would end all on the machine.
trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT

srun --nodes=1 --ntasks=1 --nodelist="$head" \
    ray start --head --node-ip-address="$address" --port="$port" \
    --num-cpus="$cores" --num-gpus="$gpus" --include-dashboard=false --block &
for _ in $(seq 60); do
    ray health-check --address "$address:$port" >/dev/null 2>&1 && break
    sleep 2
done

for node in "${nodes[@]:1}"; do
    srun --nodes=1 --ntasks=1 --nodelist="$node" \
        ray start --address="$address:$port" --num-cpus="$cores" --num-gpus="$gpus" --block &
done
for _ in $(seq 60); do # a node that comes later is used by the next job
    up=$(python -c "
import ray
ray.init('$address:$port', logging_level='ERROR', log_to_driver=False)
print(sum(node['Alive'] for node in ray.nodes()))" 2>/dev/null || true)
    [ "${up:-0}" -ge "${#nodes[@]}" ] && break
    sleep 2
done

nas-tc search --ray-address "$address:$port" "$@" &
search=$!
trap 'kill -TERM $search 2>/dev/null || true' TERM
# `wait` ends when a signal comes, before the search has. 130 says that the search was stopped.
while kill -0 "$search" 2>/dev/null; do wait "$search" || true; done
code=0
wait "$search" || code=$?
exit "$code"
