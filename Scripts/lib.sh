# Sourced by the demo and the benchmark: a scratch folder and background programs that are gone when
# the script ends, whichever way it ends. Needs bash, and `set -euo pipefail`.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
shoal=$(realpath "${SHOAL_BINARY:-$root/.build/release/shoal}")
scratch=$(mktemp -d "${TMPDIR:-/tmp}/shoal.XXXXXX")
# What programs keep between two runs is gone with the folder, too.
export XDG_STATE_HOME=$scratch/state
running=()

finish() {
  local status=$? process _
  trap - EXIT
  for process in "${running[@]}"; do kill -TERM "$process" 2>/dev/null || true; done
  for process in "${running[@]}"; do
    for _ in {1..100}; do
      kill -0 "$process" 2>/dev/null || continue 2
      sleep 0.05
    done
    kill -KILL "$process" 2>/dev/null || true
  done
  rm -rf "$scratch"
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  local log
  for log in "$scratch"/*.log; do
    [[ -s $log ]] && { printf -- '--- %s\n' "$(basename "$log")"; tail -n 20 "$log"; } >&2
  done
  exit 1
}

# start NAME COMMAND…: runs it in the background, its output in $scratch/NAME.log.
start() {
  local name=$1
  shift
  "$@" >"$scratch/$name.log" 2>&1 </dev/null &
  running+=("$!")
}

# within SECONDS COMMAND…: repeats it until it succeeds, or fails when the time is over.
within() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < end)) || return 1
    sleep 0.1
  done
}

# Whether somebody listens at 127.0.0.1:PORT.
listens() { (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Sets the named variable to a port of 127.0.0.1 at which nobody listens.
free_port() {
  local candidate
  for _ in {1..100}; do
    candidate=$((20000 + RANDOM % 12000))
    listens "$candidate" || { printf -v "$1" '%d' "$candidate"; return; }
  done
  die "no free port"
}

[[ -x $shoal ]] || die "no binary at $shoal: run make build"
