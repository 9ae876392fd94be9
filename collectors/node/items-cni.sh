# items-cni.sh: what connects pods: configuration, plugins, address management, their logs.
# shellcheck shell=sh disable=SC2154

take_each() { # ITEM_PREFIX SECONDS MAX_BYTES FILE…     each file under its own name
    tke_to=$1; tke_s=$2; tke_max=$3; shift 3
    for tke in "$@"; do
        [ -f "$tke" ] || continue
        tke_path=$tke_to/$(path_part "${tke##*/}")
        take_file "$tke_path" "$tke_s" "$tke_max" "$tke_path" "$tke"
    done
}

cni_conf() {
    for cnf in "$R"/etc/cni/net.d/*; do
        [ -f "$cnf" ] || continue
        case $cnf in
            *kubeconfig*) row "cni/net.d/${cnf##*/}" "cni/net.d/${cnf##*/}" '' 'not-asked: a kubeconfig holds a credential' ;;
            *) take_file "cni/net.d/${cnf##*/}" 5 262144 "cni/net.d/${cnf##*/}" "$cnf" ;;
        esac
    done
}

plugin_sums() { cd "$R/opt/cni/bin" && sha256sum -- * | sed 's|  |  /opt/cni/bin/|'; }

# host-local keeps one file per address, named like it, with the container's id inside.
host_local() {
    for hlc in "$R"/var/lib/cni/networks/*/*; do
        [ ! -f "$hlc" ] || printf '%s %s\n' "${hlc#"$R"/var/lib/cni/networks/}" "$(sed 1q "$hlc" | tr -d '\r')"
    done
}

cni_state() {
    if [ "$LIST" = 1 ]; then
        for cns in '/etc/cni/net.d/* (no kubeconfig)' '/var/run/azure-vnet*.json' '/var/run/azure-cns/*.json'; do
            shown "cat $cns"; take 'cni/…' 5 4194304 'cni/…' cat
        done
        shown 'sha256sum /opt/cni/bin/*'; take cni/bin.sha256 30 65536 cni/bin.sha256 sha256sum
        shown 'list /var/lib/cni/networks'; take cni/host-local 10 1048576 cni/host-local cat
        return
    fi
    if [ -d "$R/etc/cni/net.d" ]; then cni_conf; else row cni/net.d cni/net.d '' 'absent: no /etc/cni/net.d'; fi
    if [ -d "$R/opt/cni/bin" ]; then needs sha256sum; take cni/bin.sha256 30 65536 cni/bin.sha256 plugin_sums
    else row cni/bin.sha256 cni/bin.sha256 '' 'absent: no /opt/cni/bin'; fi
    take_each cni 5 4194304 "$R"/var/run/azure-vnet*.json "$R"/var/run/azure-cns/*.json "$R"/var/lib/azure-network/*.json
    if [ -d "$R/var/lib/cni/networks" ]; then take cni/host-local 10 1048576 cni/host-local host_local; fi
}

cni_logs() {
    if [ "$LIST" = 1 ]; then
        shown 'cat /var/log/azure-{vnet,cns,ipam,cni}*.log /var/log/cilium-cni*.log'; take 'cni/…' 10 2097152 'cni/…' cat
        return
    fi
    take_each cni 10 2097152 "$R"/var/log/azure-vnet*.log "$R"/var/log/azure-cns*.log "$R"/var/log/azure-ipam*.log \
        "$R"/var/log/azure-cni*.log "$R"/var/log/cilium-cni*.log "$R"/var/log/calico/cni/cni.log
}
