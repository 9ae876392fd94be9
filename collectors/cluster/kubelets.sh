# kubelets.sh: each node's kubelet, through the API server's node proxy. Works without a pod on
# the node, also for Windows nodes.
# shellcheck shell=sh disable=SC2154,SC2031,SC2034

# shellcheck source=workers.sh
. "$HERE/workers.sh"

kubelets() {
    if [ "$LIST" = 1 ]; then
        for kbl in configz:configz.json stats/summary:stats-summary.json healthz:healthz.txt; do
            echo "kubelet/NODE/${kbl#*:}	20s	4194304	kubelet/NODE/${kbl#*:}	kubectl get --raw /api/v1/nodes/NODE/proxy/${kbl%%:*}"
        done
        return
    fi
    kbl_list=${NODES_FILE:-$TMP/kubelets.list}
    [ -n "$NODES_FILE" ] || cut -f 1 "$TMP/nodes.tsv" >"$kbl_list"
    in_parallel kubelet_of "$kbl_list"
}

kubelet_of() { # NODE
    kof=kubelet/$(path_part "$1"); API_TRIES=1
    for kof_what in healthz:healthz.txt configz:configz.json stats/summary:stats-summary.json; do
        kof_url=/api/v1/nodes/$1/proxy/${kof_what%%:*}; kof_path=$kof/${kof_what#*:}
        take_api "$kof_path" 20 4194304 "$kof_path" "$kof_url" && continue
        # a kubelet that does not answer the first question is not asked the others
        [ "$tk_exit" != 124 ] || { row "$kof" "$kof" '' 'timeout: the kubelet did not answer, nothing more was asked'; return; }
    done
}
