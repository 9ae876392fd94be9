# items-kubelet.sh: how the kubelet is set up and what it says.
# shellcheck shell=sh disable=SC2154

# journalctl on the node's files, not through the daemon: needs no rights but reading.
journal() { # ARGUMENT…
    jrn_dir=$R/var/log/journal
    [ -d "$jrn_dir" ] || jrn_dir=$R/run/log/journal
    [ -d "$jrn_dir" ] || { printf 'No such file or directory: %s\n' "$jrn_dir" >&2; return 1; }
    journalctl -D "$jrn_dir" --no-pager --utc -o short-iso-precise --since "-$(since_seconds "$SINCE")s" "$@"
}

# Several small files in one text, each under its path. Fails if there is none of them.
show_files() { # FILE…
    shf_none=1
    for shf in "$@"; do
        [ -f "$shf" ] || continue
        shf_none=0
        printf '# %s\n' "${shf#"$R"}"
        cat "$shf"
        printf '\n'
    done
    [ "$shf_none" = 0 ] || printf 'No such file: %s\n' "${1#"$R"}" >&2
    return "$shf_none"
}

kubelet_flags() {
    show_files "$R/etc/default/kubelet" "$R/etc/systemd/system/kubelet.service" "$R/lib/systemd/system/kubelet.service" \
        "$R"/etc/systemd/system/kubelet.service.d/*.conf
}

# The configuration file that the flags name, or the place where AKS puts it.
kubelet_config_path() {
    kcp=$(kubelet_flags 2>/dev/null | sed -n 's/.*--config[= ]\([^ "]*\).*/\1/p' | sed 1q)
    for kcp_f in "$R${kcp:-/none}" "$R/etc/default/kubeletconfig.json" "$R/var/lib/kubelet/config.yaml"; do
        if [ -f "$kcp_f" ]; then echo "$kcp_f"; return; fi
    done
    echo "$R/etc/default/kubeletconfig.json"
}

# Dates and names only. openssl is asked for nothing else, so no key can come out.
cert_dates() {
    for crt in "$R"/etc/kubernetes/certs/*.crt "$R"/var/lib/kubelet/pki/*.crt "$R"/var/lib/kubelet/pki/*.pem; do
        [ -f "$crt" ] || continue
        printf '%s ' "${crt#"$R"}"
        openssl x509 -in "$crt" -noout -startdate -enddate 2>/dev/null | iso_dates || echo unreadable
    done
}

# "notBefore=Nov  9 09:39:56 2025 GMT" twice → "notBefore=2025-11-09T09:39:56Z notAfter=…"
iso_dates() {
    awk '
        BEGIN { split("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec", m); for (i in m) n[m[i]] = i }
        { split($1, p, "="); printf "%s%s=%04d-%02d-%02dT%sZ", (NR > 1 ? " " : ""), p[1], $4, n[p[2]], $2, $3 }
        END { if (NR) print ""; exit NR == 0 }'
}

static_pods() { show_files "$R"/etc/kubernetes/manifests/* 2>/dev/null; return 0; }

kubelet_config() {
    take kubelet/flags 5 262144 kubelet/flags kubelet_flags
    if [ "$LIST" = 1 ]; then kcf_file=/etc/default/kubeletconfig.json; else kcf_file=$(kubelet_config_path); fi
    take_file kubelet/config.json 5 262144 kubelet/config.json "$kcf_file"
    take kubelet/healthz.txt 8 4096 kubelet/healthz.txt curl -sS -m 5 --noproxy '*' "${KUBELET_HEALTHZ:-http://127.0.0.1:10248/healthz}"
    needs openssl; take kubelet/cert-dates 15 65536 kubelet/cert-dates cert_dates
    take kubelet/static-pods 5 262144 kubelet/static-pods static_pods
}

kubelet_journal() {
    shown "journalctl -D /var/log/journal -u kubelet --since -$SINCE"; needs journalctl
    take kubelet/journal.log 90 8388608 kubelet/journal.log journal -u kubelet
}
