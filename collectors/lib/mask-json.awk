# mask-json.awk: masks JSON and, if asked, splits a list by namespace.
#   awk -f mask.awk -f json.awk -f mask-json.awk [-v counts=FILE] [-v whole=1] [-v list_kind=KINDList]
#   … -v split_to=DIR …    one List per namespace, DIR/<namespace>.json, each added to if it is there;
#                          the end of the lists ("]}") is for the caller to write, after the last page
#   … -v omit=NAMESPACE …  leaves one namespace out (the collector's own)
#   … -v state=FILE …      the token of the next page goes there
#
# Always masked: what mask_text() finds, strings under keys that name a secret, literal
# environment values whose name says secret.
# Masked too, unless the namespace is Microsoft's (`managed`, a regular expression):
# every literal environment value, ConfigMap data, last-applied-configuration. whole=1 says
# that the text has no namespaces (files of a node, exports of Azure): masked like these.

BEGIN { LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"; ORS = "" }

function json_value(v, quoted,   k, masks) {
    k = key[depth]
    if (depth == 2 && name[2] == "metadata" && quoted) {
        if (k == "continue") next_page = v
        if (k == "resourceVersion") list_version = v
    }
    if (depth == 1 && quoted && k == "kind") list_kind = v
    if (depth == 1 && quoted && k == "apiVersion") list_api = v
    if (depth == item_depth + 1 && name[depth] == "metadata" && k == "namespace") item_ns = v
    if (!quoted) return (v !~ /[A-Za-z][A-Za-z]/ || v ~ /^(true|false|null)$/) ? v : mask_text(v)
    if (kind[depth] == "{") {
        if (k == "name") env_name[depth] = v
        if (v == "" || v == M) return v
        if (k == LAST_APPLIED) { v = mask_text(v); defer("last-applied"); return v }
        if (k == "value" && name[depth - 1] == "env" && kind[depth - 1] == "[") {
            if (secret_env(env_name[depth], v)) { count("env-value"); return M }
            v = mask_text(v); defer("env-value"); return v
        }
        if (depth == item_depth + 1 && (name[depth] == "data" || name[depth] == "binaryData") && config_map()) {
            v = mask_text(v); defer("configmap-data"); return v
        }
        if (length(k) > 2 && secret_key(tolower(k)) && !keep_value(v) && (k != "secret" || looks_random(v))) { count("key-value"); return M }
    }
    return length(v) < 8 ? v : mask_text(v)
}

function config_map() { return list_kind == "ConfigMapList" || list_kind == "ConfigMap" }

# This value is masked if its object turns out to lie outside Microsoft's namespaces.
function defer(pattern) { deferred = pattern }

function json_open(c) {
    env_name[depth] = ""
    if (c == "{" && depth == 3 && name[2] == "items" && kind[2] == "[") { begin_item(3) }
    else if (c == "{" && depth == 1) item_depth = 1
}
function json_close(c) { }
function json_closed(c) {
    if (c == "}" && depth == 2 && item_depth == 3) end_item()
}

function begin_item(d,   p) {
    if (!split_dir()) flush(0)
    item_depth = d; item_ns = ""; pieces = 0; piece = ""
    if (omit != "") for (p in masked) before[p] = masked[p]
}

function split_dir() { return split_to != "" }

# Pieces of an object wait until its namespace is known; a deferred one is a piece of its own.
function json_emit(s) {
    if (split_dir() && item_depth != 3) return            # the frame of the list is written anew
    if (deferred != "") {
        push(piece); piece = ""
        held_back[pieces + 1] = deferred; push(s); deferred = ""
        return
    }
    piece = piece s
    if (length(piece) > 2000) { push(piece); piece = "" }
    if (pieces > 5000 && item_depth != 3) flush(!is_managed(item_ns))
}

function push(s) { out[++pieces] = s }

function is_managed(ns) { return !whole && ns != "" && managed != "" && ns ~ managed }

function flush(customer,   i) {
    push(piece); piece = ""
    for (i = 1; i <= pieces; i++) {
        if ((i in held_back) && customer) { out[i] = "\"" M "\""; count(held_back[i]) }
        if (sink == "") print out[i]; else print out[i] >> sink
        delete held_back[i]; delete out[i]
    }
    pieces = 0
}

function end_item() {
    if (split_dir()) {
        if (item_ns == omit && omit != "") { drop(); item_depth = 1; return }
        sink = split_to "/" encode(item_ns == "" ? "_" : item_ns) ".json"
        if (sink != open_sink) { if (open_sink != "") close(open_sink); open_list(sink) } else print "," >> sink
    }
    flush(!is_managed(item_ns))
    item_depth = 1
}

# Nothing of it is in the output, so nothing of it was masked.
function drop(   i, p) {
    for (p in masked) { if (p in before) masked[p] = before[p]; else delete masked[p] }
    for (i = 1; i <= pieces; i++) { delete held_back[i]; delete out[i] }
    pieces = 0; piece = ""
}

# The file may be there already: from an earlier page, or since the list is not in order.
function open_list(file,   line, sep) {
    RS = "\n"; sep = (getline line < file) > 0; RS = "\""
    close(file); open_sink = file
    if (sep) print ",\n" >> file
    else print "{\"kind\":\"" list_kind "\",\"apiVersion\":\"" list_api "\",\"metadata\":{\"resourceVersion\":\"" \
        list_version "\"},\"items\":[\n" >> file
}

# Namespaces are DNS labels; anything else cannot become a path.
function encode(s) { gsub(/[^A-Za-z0-9._-]/, "_", s); return s }

END {
    if (!split_dir()) flush(!is_managed(item_ns))
    ORS = "\n"
    if (state != "") print next_page > state
    write_counts()
}
