# pack.sh: the parts and the bundle.
# shellcheck shell=sh disable=SC2154

COPYFILE_DISABLE=1; export COPYFILE_DISABLE     # macOS: no "._" members

# The jump host's user is nobody's business: members belong to 0/0 where tar can be told so.
tar_as_root() {
    if tar --owner=0 --group=0 --numeric-owner -cf /dev/null /dev/null 2>/dev/null; then
        tar --owner=0 --group=0 --numeric-owner "$@"
    else
        tar "$@"
    fi
}

pack_part() { # FOLDER ARCHIVE.tar.gz     paths start at the part, without "./"
    (cd "$1" && tar_as_root -cf - -- *) | gzip -c >"$2.part" && mv "$2.part" "$2"
}

json_text() { # TEXT     as a JSON string
    printf '%s' "$1" | tr '\t\r\n' '   ' | sed 's/\\/\\\\/g; s/"/\\"/g; s/.*/"&"/'
    [ -n "$1" ] || printf '""'
}

json_list() { # WORDS     as a JSON list of strings
    jls_comma=; printf '['
    for jls in $1; do printf '%s%s' "$jls_comma" "$(json_text "$jls")"; jls_comma=', '; done
    printf ']'
}

member_row() { # FOLDER PATH
    printf '{"path": %s, "bytes": %s, "sha256": "%s"}' "$(json_text "$2")" "$(($(wc -c <"$1/$2")))" "$(sha256_of "$1/$2")"
}

member_rows() { # FOLDER     one per line, so that a later script can add one
    mbr_comma=
    for mbr in cluster.tar.gz azure.tar.gz; do
        [ ! -f "$1/$mbr" ] || { printf '%s  %s' "$mbr_comma" "$(member_row "$1" "$mbr")"; mbr_comma=',
'; }
    done
    for mbr in "$1"/nodes/*.tar.gz; do
        [ ! -f "$mbr" ] || { printf '%s  %s' "$mbr_comma" "$(member_row "$1" "nodes/${mbr##*/}")"; mbr_comma=',
'; }
    done
}

masked_rows() { # FILE of "pattern TAB count", any number of them
    awk -F '\t' '{ n[$1] += $2 } END { for (p in n) print p "\t" n[p] }' "$1" | sort |
        awk -F '\t' '{ printf "%s\"%s\": %s", (NR > 1 ? ", " : ""), $1, $2 }'
}

# Needs what collect.sh knows of the run: RUN_* and OPTIONS_JSON.
write_manifest() { # FOLDER
    {
        printf '{"format": 1,\n "collector": {"name": "demarc-collector", "version": "%s"},\n' "$COLLECTOR_VERSION"
        printf ' "cluster": {"name": %s, "id": %s, "server_version": %s},\n' \
            "$(json_text "$RUN_CLUSTER")" "$(json_text "$RUN_CLUSTER_ID")" "$(json_text "$RUN_SERVER")"
        printf ' "started": "%s", "finished": "%s",\n "options": %s,\n' "$RUN_STARTED" "$(utc_now)" "$OPTIONS_JSON"
        printf ' "nodes": {"asked": %s, "answered": %s, "missing": [%s]},\n' "$RUN_ASKED" "$RUN_ANSWERED" "$RUN_MISSING_JSON"
        printf ' "masked": {%s},\n "members": [\n%s\n ]}\n' "$(masked_rows "$STATE/masked.tsv")" "$(member_rows "$1")"
    } >"$1/manifest.json"
}

# manifest.json is the last to be written and the first in the archive.
pack_bundle() { # PARENT NAME ARCHIVE.tar
    set -- "$1" "$2" "$3" "$2/manifest.json"
    for pkb in "$1/$2"/cluster.tar.gz "$1/$2"/azure.tar.gz "$1/$2"/nodes/*.tar.gz; do
        [ ! -f "$pkb" ] || set -- "$@" "${pkb#"$1"/}"
    done
    pkb_parent=$1; pkb_to=$3; shift 3
    tar_as_root -C "$pkb_parent" -cf "$pkb_to.part" -- "$@" && mv "$pkb_to.part" "$pkb_to"
}
