# items-probes.sh: can this node reach what it needs? Names, the API server, egress. One
# connection each, from the host's network; nothing is sent but a TLS greeting and a HEAD request.
# shellcheck shell=sh disable=SC2154

EGRESS_TARGETS=${EGRESS_TARGETS:-'mcr.microsoft.com:443 management.azure.com:443 login.microsoftonline.com:443
packages.microsoft.com:443 packages.aks.azure.com:443 acs-mirror.azureedge.net:443'}
CLUSTER_DNS=${CLUSTER_DNS:-}

# The API server's name, from the one line of the kubelet's kubeconfig that holds it.
api_server() { sed -n 's|^ *server: *https://\([^/ ]*\).*|\1|p' "$R/var/lib/kubelet/kubeconfig" 2>/dev/null | sed 1q; }

probe_row() { # NAME ADDRESS PORT PROTOCOL RESULT MS DETAIL [SERVER]
    printf '%s{"name": "%s", "address": "%s", "port": %s, "protocol": "%s", "result": "%s", "ms": %s, "at": "%s", %s"detail": "%s"}' \
        "$prb_comma" "$1" "$2" "$3" "$4" "$5" "$6" "$(utc_now)" "${8:+\"server\": \"$8\", }" \
        "$(printf '%s' "$7" | tr '"\\\t\r\n' "'/   " | cut -c 1-160)"
    prb_comma=',
 '
}

# curl's exit code says where it stopped: the name, the connection, the TLS greeting.
probe_https() { # HOST PORT [-k: any certificate will do]
    prb_out=$(curl -sS -I -o /dev/null --connect-timeout 4 -m 8 --noproxy '*' ${3:+"$3"} \
        -w '%{remote_ip}|%{time_connect}|%{time_appconnect}' "https://$1:$2/" 2>"$TMP/probe.err")
    prb_rc=$?
    prb_ip=${prb_out%%|*}
    prb_ms=$(printf '%s\n' "$prb_out" | awk -F '|' '{ t = ($3 > 0 ? $3 : $2); print int(t * 1000 + 0.5) }')
    prb_err=$(sed 1q "$TMP/probe.err")
    case $prb_rc in
        0|22|8|52) prb_result=ok ;;
        6) prb_result=nxdomain ;;
        7) prb_result=refused; case $prb_err in *nreachable*|*'No route'*) prb_result=error ;; esac ;;
        28) prb_result=timeout ;;
        56) prb_result=reset ;;
        35) prb_result=tls; case $prb_err in *reset*) prb_result=reset ;; esac ;;
        51|53|54|58|59|60|77|80|82|83|90|91) prb_result=tls ;;
        *) prb_result=error ;;
    esac
    probe_row "$1" "$prb_ip" "$2" https "$prb_result" "${prb_ms:-0}" "$prb_err"
}

# dig or nslookup ask one server; getent asks whatever the node is set up to ask.
probe_name() { # NAME [SERVER]
    now_ms; prb_t0=$NOW_MS; prb_ip=; prb_err=
    if command -v dig >/dev/null 2>&1; then
        prb_out=$(dig +time=3 +tries=1 "@$2" "$1" A 2>&1)
        prb_ip=$(printf '%s\n' "$prb_out" | awk '$4 == "A" && $1 !~ /^;/ { print $5; exit }')
        prb_err=$(printf '%s\n' "$prb_out" |
            sed -n 's/.*status: \([A-Z]*\).*/\1/p; s/^;; \(.*timed out.*\)/\1/p; s/^;; \(.*refused.*\)/\1/p' | sed 1q)
    elif command -v nslookup >/dev/null 2>&1; then
        prb_out=$(nslookup "$1" "$2" 2>&1)
        prb_ip=$(printf '%s\n' "$prb_out" | awk '/^Name:/ { seen = 1 } seen && /^Address/ { print $NF; exit }')
        prb_err=$(printf '%s\n' "$prb_out" | grep -E "can't find|timed out|refused|no servers" | sed 1q)
    else
        prb_out=$(getent ahostsv4 "$1"); prb_ip=${prb_out%% *}
        [ -n "$prb_ip" ] || prb_err='no answer from getent'
    fi
    now_ms
    case $prb_ip,$prb_err in
        ?*,*) prb_result=ok ;;
        *NXDOMAIN*|*'no answer'*) prb_result=nxdomain ;;
        *'timed out'*|*'no servers'*) prb_result=timeout ;;
        *efused*|*REFUSED*) prb_result=refused ;;
        *) prb_result=error ;;
    esac
    probe_row "$1" "$prb_ip" 53 dns "$prb_result" $((NOW_MS - prb_t0)) "$prb_err" "${2:-}"
}

name_servers() { sed -n 's/^nameserver[ 	]*\([^ 	]*\).*/\1/p' "$(resolv_conf_path)" 2>/dev/null | sort -u | sed 3q; }

# The cluster's DNS address, from the kubelet's flags or configuration.
cluster_dns() {
    if [ -n "$CLUSTER_DNS" ]; then echo "$CLUSTER_DNS"; return; fi
    { kubelet_flags | sed -n 's/.*--cluster-dns=\([0-9a-f.:]*\).*/\1/p'
      tr -d ' \n"' <"$(kubelet_config_path)" 2>/dev/null | sed -n 's/.*clusterDNS:\[\([0-9a-f.:]*\).*/\1/p'; } | sed 1q
}

probes_dns() {
    printf '['; prb_comma=
    prb_api=$(api_server); prb_names="${prb_api%%:*} ${EGRESS_TARGETS%%:*}"
    if command -v dig >/dev/null 2>&1 || command -v nslookup >/dev/null 2>&1; then
        for prb_server in $(name_servers); do
            for prb_name in $prb_names; do probe_name "$prb_name" "$prb_server"; done
        done
        prb_server=$(cluster_dns)
        [ -z "$prb_server" ] || probe_name kubernetes.default.svc.cluster.local. "$prb_server"
    else
        for prb_name in $prb_names; do probe_name "$prb_name"; done
    fi
    printf ']\n'
}

probes_api() {
    printf '['; prb_comma=
    prb_api=$(api_server)
    if [ -n "$prb_api" ]; then
        case $prb_api in *:*) ;; *) prb_api=$prb_api:443 ;; esac
        probe_https "${prb_api%:*}" "${prb_api##*:}" -k
    fi
    [ -z "${KUBERNETES_SERVICE_HOST:-}" ] ||
        probe_https "$KUBERNETES_SERVICE_HOST" "${KUBERNETES_SERVICE_PORT:-443}" -k
    printf ']\n'
}

probes_egress() {
    printf '['; prb_comma=
    for prb_target in $EGRESS_TARGETS; do probe_https "${prb_target%:*}" "${prb_target##*:}"; done
    printf ']\n'
}

probe_all() {
    shown "look up the API server, ${EGRESS_TARGETS%%:*} and kubernetes.default at the node's servers and the cluster's"
    take probes/dns.json 60 65536 probes/dns.json probes_dns
    shown 'curl -I https://API-SERVER/'; needs curl
    take probes/api.json 30 65536 probes/api.json probes_api
    shown "curl -I https://… $EGRESS_TARGETS"; needs curl
    take probes/egress.json 90 65536 probes/egress.json probes_egress
}
