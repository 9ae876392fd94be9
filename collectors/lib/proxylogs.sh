# proxylogs.sh: for nodes without an archive: what the kubelet serves of /var/log through the API
# server, put where the node script would have put it, with rows that say what is missing.
# shellcheck shell=sh disable=SC2154,SC2034

proxy_logs_of() { # NODE
    pxl=$(path_part "$1"); API_TRIES=1
    OUT=$STATE/proxy/$pxl; rows_begin
    pxl_why=$(cat "$STATE/node/$pxl.gone" 2>/dev/null)
    pxl_base=/api/v1/nodes/$1/proxy/logs
    take_api kubelet/journal.log 60 8388608 kubelet/journal.log "$pxl_base/?query=kubelet"
    pxl_any=$tk_exit
    for pxl_f in azure/cluster-provision.log:azure/cluster-provision.log waagent.log:azure/waagent.log \
        azure-vnet.log:cni/azure-vnet.log azure-cns.log:cni/azure-cns.log; do
        # a node that does not answer is not asked again
        [ "$pxl_any" != 124 ] || { row "${pxl_f#*:}" "${pxl_f#*:}" '' 'timeout: the kubelet did not answer'; continue; }
        take_api "${pxl_f#*:}" 30 2097152 "${pxl_f#*:}" "$pxl_base/${pxl_f%%:*}"
        pxl_any=$tk_exit
    done
    for pxl_f in host kubelet containerd cni network azure probes; do
        row "$pxl_f" "$pxl_f" '' "failed: no node archive: $pxl_why"
    done
    if find "$OUT" -type f ! -name '*.tsv' | grep -q .; then
        pack_part "$OUT" "$WORK/nodes/$pxl.tar.gz"
        [ ! -f "$OUT/masked.tsv" ] || cat "$OUT/masked.tsv" >>"$STATE/masked.nodes"
    fi
    rm -rf "$OUT"
}
