# nodes.awk: one row per node of a list of nodes.   awk -f json.awk -f nodes.awk
#   node os arch hostname pool ready(True,False,Unknown) labels(k=v,…) images(by name, separated by blanks)

function json_value(v, quoted) {
    if (depth == 4 && name[4] == "metadata" && key[4] == "name") node = v
    if (depth == 5 && name[5] == "labels" && name[4] == "metadata") {
        labels = labels (labels == "" ? "" : ",") key[5] "=" v
        if (key[5] == "kubernetes.io/hostname") hostname = v
        if (key[5] == "kubernetes.azure.com/agentpool" || (key[5] == "agentpool" && pool == "")) pool = v
        if (key[5] == "kubernetes.io/os") os = v
        if (key[5] == "kubernetes.io/arch") arch = v
    }
    if (depth == 6 && name[5] == "conditions" && name[4] == "status") {
        if (key[6] == "type") c_type = v
        if (key[6] == "status") c_status = v
    }
    if (depth == 5 && name[5] == "nodeInfo") {
        if (key[5] == "operatingSystem" && os == "") os = v
        if (key[5] == "architecture" && arch == "") arch = v
    }
    # each image lists its names: one by digest, one by tag; the last is the tag
    if (depth == 7 && name[7] == "names" && name[5] == "images") last_image = v
    return v
}
function json_open(c) {
    if (depth == 3 && name[2] == "items") { node = os = arch = hostname = pool = labels = images = ""; ready = "Unknown" }
    if (depth == 6) last_image = ""
}
function json_close(c) { }
function json_closed(c) {
    if (depth == 5 && name[5] == "conditions" && c_type == "Ready") ready = c_status
    if (depth == 5 && name[5] == "images" && last_image != "" && length(images) < 2000)
        images = images (images == "" ? "" : " ") last_image
    if (depth == 2 && name[2] == "items" && node != "")
        print node "\t" filled(os) "\t" filled(arch) "\t" (hostname == "" ? node : hostname) "\t" filled(pool) \
            "\t" ready "\t" filled(labels) "\t" filled(images)
}
function filled(s) { return s == "" ? "-" : s }
function json_emit(s) { }
