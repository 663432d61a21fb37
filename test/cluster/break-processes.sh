#!/usr/bin/env bash
# A program for CLUSTER_FAULTS, for a node whose parts are plain processes of this machine. It breaks the cluster
# and mends it: break-processes.sh <dns-dead|cluster-ip|disk-pressure> <on|off>. `off` mends also what is not broken.
# CLUSTER_ENV names a script that sets RUN (pid files kubelet.pid, coredns.pid), STATE (kubelet.yaml), LOG,
# NODE_NAME, POD_CIDR, SVC_CIDR and kubectl's KUBECONFIG.
set -uo pipefail
. "${CLUSTER_ENV:?name the script that sets RUN, STATE, LOG, NODE_NAME, POD_CIDR, SVC_CIDR and KUBECONFIG}"
drop() { # on|off, chain, then what is dropped
  local how=$1; shift
  while iptables -w -t raw -C "$@" -j DROP 2>/dev/null; do iptables -w -t raw -D "$@" -j DROP; done
  [ "$how" = off ] || iptables -w -t raw -I "$@" -j DROP; }
restart_kubelet() { # config
  local pid words i; pid=$(cat "$RUN/kubelet.pid")
  mapfile -d '' -t words < "/proc/$pid/cmdline"
  for i in "${!words[@]}"; do case ${words[i]} in --config=*) words[i]=--config=$1;; esac; done
  kill "$pid"; for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
  setsid nohup "${words[@]}" >> "$LOG/kubelet.log" 2>&1 < /dev/null & echo $! > "$RUN/kubelet.pid"
  # It knows of no probe yet, and takes pods for not ready until it has asked them.
  sleep 3; kubectl wait pods --all-namespaces --all --field-selector=status.phase=Running --for=condition=Ready --timeout=55s > /dev/null; }
pressure() { kubectl get node "$NODE_NAME" -o jsonpath='{.status.conditions[?(@.type=="DiskPressure")].status}'; }
until_pressure_is() { for _ in $(seq 240); do [ "$(pressure)" = "$1" ] && return 0; sleep 0.25; done; echo "DiskPressure does not become $1" >&2; return 1; }
ballast=$STATE/ballast
case "${1:-} ${2:-}" in
"dns-dead on") kill -STOP "$(cat "$RUN/coredns.pid")" ;;
"dns-dead off") kill -CONT "$(cat "$RUN/coredns.pid")" ;;
"cluster-ip on" | "cluster-ip off")
  drop "$2" PREROUTING -s "$POD_CIDR" -d "$SVC_CIDR" && drop "$2" OUTPUT -d "$SVC_CIDR" ;;
"disk-pressure on")
  # A threshold 2 GiB below what is free, never acted on within an hour; then a file of 3 GiB.
  free=$(($(stat -f -c '%a * %S' "$STATE") / 1048576))
  { cat "$STATE/kubelet.yaml"; echo "evictionSoft: {nodefs.available: $((free - 2048))Mi}"
    echo 'evictionSoftGracePeriod: {nodefs.available: 1h}'; echo 'evictionPressureTransitionPeriod: 5s'; } > "$STATE/kubelet-pressed.yaml"
  restart_kubelet "$STATE/kubelet-pressed.yaml" && fallocate -l 3G "$ballast" && until_pressure_is True ;;
"disk-pressure off")
  rm -f "$ballast"; until_pressure_is False && restart_kubelet "$STATE/kubelet.yaml" ;;
*) echo "usage: $0 <dns-dead|cluster-ip|disk-pressure> <on|off>" >&2; exit 1 ;;
esac
