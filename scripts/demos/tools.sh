# What the demos share: how a step is shown, and a simulated VPC to show it on. For bash to source, with
# `root` (the source folder) and `work` (a folder of the demo's own) set.

if [ -t 1 ]; then
  bold=$(printf '\033[1m') plain=$(printf '\033[0m')
else
  bold='' plain=''
fi

heading() {
  printf '\n\n%s%s%s\n' "$bold" "$1" "$plain"
  printf '%s\n' "$1" | sed 's/./-/g'
  shift
  [ $# -eq 0 ] || printf '%s\n' "$@"
}

# Shows a command, runs it, and shows what it says.
show() {
  printf '\n%s$ %s%s\n' "$bold" "$1" "$plain"
  bash -c "set -o pipefail; $1" 2>&1 | sed 's/^/    /'
}

# The same for a command that should print nothing.
show_nothing_left() {
  local found
  printf '\n%s$ %s%s\n' "$bold" "$1" "$plain"
  found=$(bash -c "$1" 2>&1 || true)
  if [ -n "$found" ]; then
    printf '%s\n' "$found" | sed 's/^/    /'
    echo "scripts/demo: something is left on the node" >&2
    exit 1
  fi
  echo "    (nothing)"
}

# start_vpc MACHINES [CATENA-SIM ARGUMENTS]: a simulated VPC; `on N COMMAND...` runs on machine N, as the
# machine's own programs run there. Machine N has the folder $work/node-N.
start_vpc() {
  local machines=$1 n
  shift
  export CNI_PATH=$root/build/release/bin:/usr/lib/cni
  PATH=$work:$root/build/tools:$root/build/release/bin:$PATH
  mount -t tmpfs tmpfs /run
  mount -t tmpfs tmpfs /var/lib
  ip link set lo up
  mkdir -p /run/netns /var/lib/cni "$work/www"
  catena-sim run --state "$work/sim" --seed 1 "$@" >"$work/sim.log" 2>&1 &
  for _ in $(seq 100); do
    grep -q '^ready' "$work/sim.log" && break
    sleep 0.1
  done
  grep -q '^ready' "$work/sim.log" || { cat "$work/sim.log" >&2; exit 1; }
  catena-sim ctl --state "$work/sim" --json reach |
    jq -r '.environmentInNodes | to_entries[] | "\(.key)=\(.value)"' >"$work/environment"
  for n in $(seq "$machines"); do
    mkdir -p "$work/node-$n/net.d"
  done
  cat >"$work/on" <<EOF
#!/bin/bash
n=\$1
shift
exec env $(tr '\n' ' ' <"$work/environment") CATENA_SOCKET="$work/node-\$n/agent.sock" \\
  NETCONFPATH="\${NETCONFPATH:-$work/node-\$n/net.d}" ip netns exec "sim-node-\$n" "\$@"
EOF
  chmod +x "$work/on"
}

make_pods() {
  local pod
  for pod in "$@"; do
    ip netns add "$pod"
    ip -n "$pod" link set lo up
  done
}

address_of_pod() {
  ip -n "$1" -j addr show eth0 | jq -r '.[0].addr_info[] | select(.family == "inet") | .local'
}

# serve POD TEXT: a web server in a pod.
serve() {
  echo "$2" >"$work/www/index.html"
  ip netns exec "$1" python3 -m http.server --directory "$work/www" 80 >"$work/http.log" 2>&1 &
  for _ in $(seq 50); do
    ip netns exec "$1" ss -Hltn 'sport = :80' | grep -q . && break
    sleep 0.1
  done
}
