# items-containerd.sh: the container runtime, through its own client.
# shellcheck shell=sh disable=SC2154

CONTAINERD_SOCKET=${CONTAINERD_SOCKET:-unix://$R/run/containerd/containerd.sock}

runtime_versions() { containerd --version; ! command -v runc >/dev/null 2>&1 || runc --version; }

# What the client would print about a configuration file of its own is no data.
cri() { crictl -r "$CONTAINERD_SOCKET" -t 10s "$@"; }

containerd_state() {
    needs containerd; take containerd/version.txt 10 8192 containerd/version.txt runtime_versions
    take_file containerd/config.toml 5 262144 containerd/config.toml "$R/etc/containerd/config.toml"
    for crs in 'info:info' 'pods:pods -o json' 'ps:ps -a -o json' 'images:images -o json' 'stats:stats -a -o json'; do
        shown "crictl ${crs#*:}"; needs crictl
        # shellcheck disable=SC2086  # words on purpose
        take "containerd/crictl-${crs%%:*}.json" 20 8388608 "containerd/crictl-${crs%%:*}.json" cri ${crs#*:}
    done
}

containerd_journal() {
    shown "journalctl -D /var/log/journal -u containerd --since -$SINCE"; needs journalctl
    take containerd/journal.log 90 8388608 containerd/journal.log journal -u containerd
}
