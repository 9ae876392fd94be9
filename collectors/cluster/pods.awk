# pods.awk: one row per container of a list of pods.   awk -f json.awk -f pods.awk
#   namespace pod node phase owner container init(0,1) restarts ready(0,1) running(0,1) pull-secrets(0,1) image
# Tab-separated; the image is the one that runs there, by its name in the status, or by the one
# in the specification where the status has only a digest.

function json_value(v, quoted) {
    if (depth == 4 && name[4] == "metadata") { if (key[4] == "name") pod = v; if (key[4] == "namespace") ns = v }
    if (depth == 6 && name[5] == "ownerReferences" && name[4] == "metadata") {
        if (key[6] == "kind") owner_kind = v
        if (key[6] == "name") owner = owner_kind "/" v
    }
    if (depth == 4 && name[4] == "spec" && key[4] == "nodeName") node = v
    if (depth == 4 && name[4] == "status" && key[4] == "phase") phase = v
    if (depth == 6 && name[4] == "spec" && name[5] ~ /^(initC|c)ontainers$/) {
        if (key[6] == "name") { c_name[++n] = v; c_init[n] = (name[5] == "initContainers"); }
        if (key[6] == "image") c_image[n] = v
    }
    if (depth == 6 && name[4] == "spec" && name[5] == "imagePullSecrets") secrets = 1
    if (depth == 6 && name[4] == "status" && name[5] ~ /^(initC|c)ontainerStatuses$/) {
        if (key[6] == "name") s_name = v
        if (key[6] == "restartCount") s_restarts = v + 0
        if (key[6] == "ready") s_ready = (v == "true")
        if (key[6] == "image") s_image = v
    }
    return v
}
function usable(in_status, in_spec) { return in_status == "" || in_status ~ /^sha256:/ ? in_spec : in_status }
function json_open(c) {
    if (depth == 3 && name[2] == "items") {
        pod = ns = node = phase = owner = owner_kind = ""; n = secrets = 0
        for (i in restarts) { delete restarts[i]; delete ready[i]; delete running[i]; delete image[i] }
    }
    if (depth == 6 && name[5] ~ /ontainerStatuses$/) { s_name = s_image = ""; s_restarts = s_ready = s_running = 0 }
    if (depth == 8 && name[8] == "running" && name[7] == "state" && name[5] ~ /ontainerStatuses$/) s_running = 1
}
function json_close(c) { }
function json_closed(c) {
    if (depth == 5 && name[5] ~ /ontainerStatuses$/ && name[4] == "status") {
        restarts[s_name] = s_restarts; ready[s_name] = s_ready; running[s_name] = s_running; image[s_name] = s_image
    }
    if (depth == 2 && name[2] == "items" && pod != "")
        for (i = 1; i <= n; i++)
            print ns "\t" pod "\t" node "\t" phase "\t" owner "\t" c_name[i] "\t" c_init[i] "\t" restarts[c_name[i]] + 0 \
                "\t" ready[c_name[i]] + 0 "\t" running[c_name[i]] + 0 "\t" secrets "\t" usable(image[c_name[i]], c_image[i])
}
function json_emit(s) { }
