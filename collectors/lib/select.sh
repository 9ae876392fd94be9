# select.sh: which nodes are asked, and which image each can start.
# shellcheck shell=sh disable=SC2154

# Rows of nodes.tsv that the options leave: --nodes, --selector, --max-nodes.
select_nodes() { # nodes.tsv
    cp "$1" "$STATE/chosen.tsv"
    if [ -n "$NODES" ]; then
        awk -F '\t' -v wanted=",$NODES," 'index(wanted, "," $1 ",")' "$STATE/chosen.tsv" >"$STATE/chosen.new"
        mv "$STATE/chosen.new" "$STATE/chosen.tsv"
        for sln in $(printf '%s' "$NODES" | tr ',' ' '); do
            grep -q "^$sln	" "$STATE/chosen.tsv" || say "no such node: $sln"
        done
    fi
    if [ -n "$SELECTOR" ]; then
        limited "$CALL_TIMEOUT_S" select api_get "/api/v1/nodes?labelSelector=$(path_part "$SELECTOR")" \
            >"$STATE/selected.json" 2>"$STATE/err" ||
            fail "the API server did not take --selector $SELECTOR: $(sed 1q "$STATE/err")"
        awk -f "$LIB/json.awk" -f "$HERE/cluster/nodes.awk" "$STATE/selected.json" | cut -f 1 >"$STATE/selected"
        awk -F '\t' 'part == 1 { in_it[$1]; next } $1 in in_it' part=1 "$STATE/selected" part=2 "$STATE/chosen.tsv" >"$STATE/chosen.new"
        mv "$STATE/chosen.new" "$STATE/chosen.tsv"
    fi
    [ -z "$MAX_NODES" ] || sample_nodes
}

# --max-nodes: of each pool in turn, nodes that are not ready first.
sample_nodes() {
    awk -F '\t' '{ print ($6 == "True") "\t" $0 }' "$STATE/chosen.tsv" | sort -k 1,1n -k 2,2 |
        awk -F '\t' '{ n[$6]++; sub(/^[01]\t/, ""); print n[$5] "\t" $0 }' |
        sort -s -k 1,1n | cut -f 2- | sed "${MAX_NODES}q" >"$STATE/chosen.new"
    mv "$STATE/chosen.new" "$STATE/chosen.tsv"
}

# Rows: node rank image. An image of a running container is there for certain: a managed
# DaemonSet's first (no pull secrets: kubelets since 1.35 may check those even for Never), then
# what the node lists, then names that pause images have.
rank_images() { # nodes.tsv pods.tsv
    awk -F '\t' -v managed="$MANAGED_NAMESPACES" '
        function add(node, image) {
            if (image == "" || image == "-" || (node, image) in had) return
            had[node, image]; print node "\t" ++rank[node] "\t" image
        }
        part == 1 {
            if ($10 && !$7 && $12 != "") {
                class = ($1 ~ managed && $5 ~ /^DaemonSet\// && !$11) ? 1 : (!$11 ? 2 : 3)
                pod_image[class, $3, ++n[class, $3]] = $12
            }
            next
        }
        {
            for (class = 1; class <= 3; class++) for (i = 1; i <= n[class, $1]; i++) add($1, pod_image[class, $1, i])
            count = split($8, listed, " ")
            for (i = 1; i <= count; i++) add($1, listed[i])
            add($1, "mcr.microsoft.com/oss/v2/kubernetes/pause:3.6"); add($1, "mcr.microsoft.com/oss/kubernetes/pause:3.6")
        }' part=1 "$2" part=2 "$1"
}
