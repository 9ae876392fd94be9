# paths.sh: names as parts of a path (or of a URL): other characters than these become %XX.
# shellcheck shell=sh
path_part() { # NAME
    case $1 in *[!A-Za-z0-9._-]*) ;; *) printf '%s' "$1"; return ;; esac
    printf '%s' "$1" | od -An -v -tx1 | tr ' ' '\n' | awk '
        BEGIN { for (i = 33; i < 127; i++) { c = sprintf("%c", i); if (c ~ /[A-Za-z0-9._-]/) plain[sprintf("%02x", i)] = c } }
        $1 != "" { printf "%s", ($1 in plain) ? plain[$1] : "%" toupper($1) }'
}
