# daemonset.sh: the only thing that changes the cluster: a namespace with DaemonSets, and its end.
# The namespace is read and removed by its path, which works also where discovery is broken.
# shellcheck shell=sh disable=SC2154,SC2034

LABEL='app.kubernetes.io/name=demarc-collector'

# Is there a namespace of that name, and is it one of ours? Sets NS_STATE: none, ours, other, unknown.
namespace_state() {
    if limited "$CALL_TIMEOUT_S" ns kc get --raw "/api/v1/namespaces/$NAMESPACE" >"$STATE/ns" 2>"$STATE/err"; then
        if grep -q '"app.kubernetes.io/name": *"demarc-collector"' "$STATE/ns"; then NS_STATE=ours; else NS_STATE=other; fi
    else
        case $(cat "$STATE/err") in *NotFound*|*'not found'*) NS_STATE=none ;; *) NS_STATE=unknown ;; esac
    fi
}

# A namespace left by a run that was cut off. It is offered, never assumed, to be removed.
check_leftover() {
    namespace_state
    case $NS_STATE in
        other) fail "the namespace $NAMESPACE exists and is not the collector's; choose another with --namespace" ;;
        ours)
            say "the namespace $NAMESPACE was left by an earlier run (or another run is going on)."
            if [ "$REMOVE_LEFTOVER" = 0 ] && [ -t 0 ]; then
                printf 'Remove it now? [y/N] ' >&2; read -r clo_answer || clo_answer=
                case $clo_answer in y|Y|yes) REMOVE_LEFTOVER=1 ;; esac
            fi
            [ "$REMOVE_LEFTOVER" = 1 ] || fail "remove it with: kubectl delete namespace $NAMESPACE   (or run again with --remove-leftover)"
            NS_MADE=1; remove_namespace; [ "$NS_MADE" = 0 ] || fail "the namespace $NAMESPACE could not be removed" ;;
    esac
}

# One overlay per group of nodes that share architecture and image, on top of the shipped ones.
render_group() { # NUMBER ARCH IMAGE FILE_OF_HOSTNAMES     prints YAML
    rdg="$STATE/render/manifests/overlays/run-$1"
    rdg_base=$2; [ -z "$IMAGE" ] || rdg_base=own-image
    mkdir -p "$rdg"
    [ -d "$STATE/render/node" ] || cp -R "$HERE/node" "$HERE/lib" "$STATE/render/"
    [ -d "$STATE/render/manifests/base" ] || cp -R "$HERE/manifests/." "$STATE/render/manifests/"
    cat >"$rdg/kustomization.yaml" <<EOT
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: $NAMESPACE
resources: [../$rdg_base]
patches:
- path: run.yaml
- target: {kind: DaemonSet, name: demarc-node}
  patch: |-
    - {op: replace, path: /metadata/name, value: demarc-node-$1}
    - {op: add, path: /spec/template/metadata/labels/demarc-group, value: g$1}
    - {op: add, path: /spec/selector/matchLabels/demarc-group, value: g$1}
- target: {kind: Namespace}
  patch: |-
    - {op: replace, path: /metadata/name, value: $NAMESPACE}
EOT
    {
        cat <<EOT
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: demarc-node, namespace: demarc-collector}
spec:
  template:
    spec:
      containers:
      - name: collector
        image: "$3"
        env:
        - {name: MAX_NODE_MB, value: "$MAX_NODE_MB"}
        - {name: NODE_DEADLINE_S, value: "$NODE_DEADLINE_S"}
        - {name: SINCE, value: "$SINCE"}
        - {name: SKIP, value: "$SKIP"}
        resources: {limits: {ephemeral-storage: $((MAX_NODE_MB * 3 + 128))Mi}}
      volumes:
      - {name: out, emptyDir: {sizeLimit: $((MAX_NODE_MB * 3 + 64))Mi}}
      affinity:
        nodeAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            nodeSelectorTerms:
            - matchExpressions:
              - key: kubernetes.io/hostname
                operator: In
                values:
EOT
        sed 's/.*/                - "&"/' "$4"
    } >"$rdg/run.yaml"
    "$KUBECTL" kustomize --load-restrictor LoadRestrictionsNone "$rdg"
}

# Nodes in wave N get the N-th image of their own list. Files: STATE/wave (node wave), images.tsv
start_wave() { # FILE: node arch hostname image
    cut -f 2,4 "$1" | sort -u >"$STATE/groups"
    while IFS='	' read -r stw_arch stw_image; do
        GROUP_NO=$((GROUP_NO + 1))
        awk -F '\t' -v a="$stw_arch" -v i="$stw_image" '$2 == a && $4 == i { print $3 }' "$1" >"$STATE/hosts"
        if ! render_group "$GROUP_NO" "$stw_arch" "$stw_image" "$STATE/hosts" >"$STATE/group.yaml" 2>"$STATE/err"; then
            say "the manifests could not be rendered: $(sed 1q "$STATE/err")"; return 1
        fi
        NS_MADE=1
        # without validation, a field that an older API server does not know is dropped, not refused
        if ! limited $((CALL_TIMEOUT_S * 2)) apply kc apply --validate=false -f "$STATE/group.yaml" >"$STATE/apply.out" 2>"$STATE/err"; then
            say "kubectl apply: $(grep -v '^Warning' "$STATE/err" | sed 1q)"; return 1
        fi
        echo "$stw_image" >>"$STATE/images.run"
    done <"$STATE/groups"
}

force_pods() {
    [ "${FORCED:-0}" = 0 ] || return 0
    FORCED=1
    limited 60 force kc delete pods --all -n "$NAMESPACE" --force --grace-period=0 --wait=false >"$STATE/delete.out" 2>&1
}

# After Ctrl-C, too. Says what to type if the API server cannot be reached any more.
remove_namespace() {
    [ "$NS_MADE" = 1 ] || return 0
    rmn=0
    while [ "$rmn" -lt 3 ]; do
        rmn=$((rmn + 1))
        limited 30 delete kc delete --raw "/api/v1/namespaces/$NAMESPACE" >"$STATE/delete.out" 2>&1 && break
        ! grep -E -q 'NotFound|not found' "$STATE/delete.out" || break
        sleep "$POLL_S"
    done
    now_ms; rmn_start=$NOW_MS; rmn=0; rmn_lost=0
    while [ "$rmn" -lt "$NS_GONE_S" ]; do
        namespace_state
        if [ "$NS_STATE" = none ]; then NS_MADE=0; say "namespace $NAMESPACE removed"; return 0; fi
        # pods on nodes that are not ready never confirm their end and would keep the namespace
        if [ "$rmn" -ge "$FORCE_AFTER_S" ]; then force_pods; fi
        sleep "$NS_POLL_S"
        # without an answer the time runs faster: nobody waits for a server that is gone
        [ "$NS_STATE" != unknown ] || rmn_lost=$((rmn_lost + 10))
        now_ms; rmn=$(((NOW_MS - rmn_start) / 1000 + rmn_lost))
    done
    say "the namespace $NAMESPACE is still there. When the API server answers again: kubectl delete namespace $NAMESPACE"
    return 1
}
