#!/bin/sh
# collect-node.sh: everything that one node can say about itself, in one archive.
#
#   in the DaemonSet     started by manifests/base/daemonset.yaml, inside chroot /host
#   on a node, as root   sh collectors/node/collect-node.sh --out /tmp/demarc
#   to see what it does  sh collectors/node/collect-node.sh --list
#
# It reads files and runs tools that the node already has. It writes nowhere but the output
# folder, changes nothing, loads no kernel module and never talks to the API server's objects.
# Items are in order of worth: what is cheap and telling comes first, so that a deadline or a
# full disk costs the least.
# shellcheck disable=SC2034  # what is set here is read in lib/ and items-*.sh
set -u
umask 077
LC_ALL=C; export LC_ALL
PATH="${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/bin"; export PATH

HERE=$(cd "$(dirname "$0")" && pwd)
LIB=$HERE; [ -f "$LIB/take.sh" ] || LIB=$HERE/../lib      # flat in the ConfigMap, a folder in the kit
HOST_ROOT=${HOST_ROOT:-/}
R=${HOST_ROOT%/}                                          # files are read as "$R/etc/…"
PROC=${PROC_ROOT:-$R/proc}
TARGET=${TARGET:-/tmp/demarc}
LIST=0

usage() { sed -n '2,12s/^# \{0,1\}//p' "$0"; }
while [ $# -gt 0 ]; do
    case $1 in
        --out) [ $# -gt 1 ] || { usage >&2; exit 2; }; TARGET=$2; shift 2 ;;
        --skip) [ $# -gt 1 ] || { usage >&2; exit 2; }; SKIP=$2; shift 2 ;;
        --list) LIST=1; shift ;;
        -h|--help) usage; exit 0 ;;
        *) echo "collect-node.sh: unknown option $1" >&2; usage >&2; exit 2 ;;
    esac
done

# shellcheck source=../lib/limits.sh
. "$LIB/limits.sh"
# shellcheck source=../lib/take.sh
. "$LIB/take.sh"
# shellcheck source=../lib/since.sh
. "$LIB/since.sh"
# shellcheck source=../lib/paths.sh
. "$LIB/paths.sh"
for part in host kubelet containerd network cni azure probes; do
    # shellcheck source=/dev/null
    . "$HERE/items-$part.sh"
done

collect_all() {
    host_state              # load, memory, disks, processes: a few milliseconds
    kubelet_config
    cni_state
    network_state
    containerd_state
    kubelet_journal
    containerd_journal
    host_packages
    probe_all
    cni_logs
    azure_state
    azure_logs
    azure_log_collector     # the largest one, with what is left of the size limit
}

if [ "$LIST" = 1 ]; then collect_all; exit 0; fi

command -v awk >/dev/null 2>&1 || { echo "collect-node.sh: no awk here, nothing can be masked" >&2; exit 1; }
OUT=$TARGET/work
TMP=$TARGET/tmp
rm -rf "$OUT" "$TMP" "$TARGET/done"
mkdir -p "$OUT" "$TMP" || exit 1
now_ms
DEADLINE_MS=$((NOW_MS + NODE_DEADLINE_S * 1000))
BUDGET=$((MAX_NODE_MB * 1048576))
rows_begin
collect_all 2>>"$TARGET/collector.log"

# The archive: paths start at the part, without "./".
(cd "$OUT" && tar -cf - -- *) | gzip -c >"$TARGET/node.tar.gz.part" && mv "$TARGET/node.tar.gz.part" "$TARGET/node.tar.gz"
(cd "$TARGET" && sha256sum node.tar.gz >node.tar.gz.sha256 2>/dev/null)
rm -rf "$OUT" "$TMP"
date -u +%Y-%m-%dT%H:%M:%SZ >"$TARGET/done"
[ -s "$TARGET/node.tar.gz" ] || exit 1

# In the DaemonSet the pod waits here to be fetched and removed; it is Ready now.
if [ "${STAY:-0}" = 1 ]; then
    while :; do sleep 3600; done
fi
echo "$TARGET/node.tar.gz"
