# since.sh: "24h", "90m", "7d", "3600s" or "3600" as seconds.
# shellcheck shell=sh
since_seconds() { # SPAN
    snc_n=${1%[smhd]}
    case $snc_n in ''|*[!0-9]*|0?*) echo "not a span of time: $1 (90m, 24h, 7d)" >&2; return 1 ;; esac
    case $1 in
        *m) echo $((snc_n * 60)) ;;
        *h) echo $((snc_n * 3600)) ;;
        *d) echo $((snc_n * 86400)) ;;
        *) echo "$snc_n" ;;
    esac
}
