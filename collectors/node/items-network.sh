# items-network.sh: addresses, routes, packet filters, connection tracking. No item changes or
# loads anything: tools that would load a kernel module run only if the module is there.
# shellcheck shell=sh disable=SC2154

loaded() { grep -q "^$1 " "$PROC/modules" 2>/dev/null; }

sockets() { ss -s; echo; ss -H -l -n -t -u; }

ethtool_all() { # cards with a device behind them: driver, rings, queues, counters that hint at loss
    for eth in "$R"/sys/class/net/*; do
        [ -e "$eth/device" ] || continue
        eth=${eth##*/}
        { ethtool -i "$eth"; ethtool -g "$eth"; ethtool -l "$eth"
          ethtool -S "$eth" | grep -E -i 'drop|err|miss|discard|timeout|no_buf'; } 2>/dev/null | sed "s/^/$eth: /"
    done
    return 0
}

conntrack_stats() {
    if command -v conntrack >/dev/null 2>&1; then conntrack -S || return 1
    else cat "$PROC/net/stat/nf_conntrack" || return 1; fi
    for ctk in count max; do
        ctk_file=$PROC/sys/net/netfilter/nf_conntrack_$ctk
        [ ! -r "$ctk_file" ] || printf 'nf_conntrack_%s=%s\n' "$ctk" "$(cat "$ctk_file")"
    done
}

# The servers that are really asked: behind systemd-resolved the file in /etc names only its stub.
resolv_conf_path() {
    if [ -s "$R/run/systemd/resolve/resolv.conf" ]; then echo "$R/run/systemd/resolve/resolv.conf"
    else echo "$R/etc/resolv.conf"; fi
}

resolved_conf() { show_files "$R/etc/resolv.conf" "$R/etc/systemd/resolved.conf" "$R"/etc/systemd/resolved.conf.d/*.conf; }

network_state() {
    take network/addr.json 10 2097152 network/addr.json ip -j -d addr show
    take network/route.json 10 2097152 network/route.json ip -j route show table all
    take network/rule.json 10 524288 network/rule.json ip -j rule show
    take network/link-stats.json 10 2097152 network/link-stats.json ip -j -s link show
    take network/neigh.json 10 1048576 network/neigh.json ip -j neigh show
    take_file network/resolv.conf 5 65536 network/resolv.conf "$(resolv_conf_path)"
    take network/resolved.conf 5 65536 network/resolved.conf resolved_conf
    take_file network/hosts 5 262144 network/hosts "$R/etc/hosts"
    needs ss; take network/sockets 15 1048576 network/sockets sockets
    take network/nstat 10 262144 network/nstat nstat -a -z -s
    take network/conntrack-stats 15 262144 network/conntrack-stats conntrack_stats
    take network/iptables-save 30 8388608 network/iptables-save iptables-save -c
    take network/ip6tables-save 30 4194304 network/ip6tables-save ip6tables-save -c
    if [ "$LIST" = 1 ] || [ -s "$PROC/net/ip_tables_names" ]; then
        take network/iptables-legacy-save 30 4194304 network/iptables-legacy-save iptables-legacy-save -c
    else
        row network/iptables-legacy-save network/iptables-legacy-save 'iptables-legacy-save -c' 'absent: no legacy table is in use'
    fi
    take network/nft-ruleset 30 8388608 network/nft-ruleset nft -a list ruleset
    if [ "$LIST" = 1 ] || loaded ip_set; then take network/ipset 20 4194304 network/ipset ipset list
    else row network/ipset network/ipset 'ipset list' 'absent: the module ip_set is not loaded'; fi
    take_file network/ipvs 5 1048576 network/ipvs "$PROC/net/ip_vs"
    needs ethtool; take network/ethtool 20 524288 network/ethtool ethtool_all
}
