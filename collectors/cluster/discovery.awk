# discovery.awk: rows from what the API server says of itself.   awk -f json.awk -f discovery.awk
#   /apis           group TAB preferred group/version
#   /apis/g/v       resource TAB kind TAB namespaced (0, 1) TAB verbs, separated by commas

function json_value(v, quoted) {
    if (depth == 4 && name[4] == "preferredVersion" && key[4] == "groupVersion") print group "\t" v
    if (depth == 3 && name[2] == "groups" && key[3] == "name") group = v
    if (depth == 3 && name[2] == "resources") {
        if (key[3] == "name") resource = v
        if (key[3] == "kind") kind_of = v
        if (key[3] == "namespaced") namespaced = (v == "true")
    }
    if (depth == 4 && name[4] == "verbs") verbs = verbs (verbs == "" ? "" : ",") v
    return v
}
function json_open(c) { if (depth == 3 && name[2] == "resources") { resource = kind_of = verbs = ""; namespaced = 0 } }
function json_close(c) { }
function json_closed(c) {
    if (depth == 2 && name[2] == "resources" && resource != "" && resource !~ /\//)
        print resource "\t" kind_of "\t" namespaced "\t" verbs
}
function json_emit(s) { }
