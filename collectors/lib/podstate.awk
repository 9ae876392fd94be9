# podstate.awk: one row per pod of the collector.   awk -f json.awk -f podstate.awk
#   pod node phase ready(0,1) why(waiting or terminated reason, or -) message

function json_value(v, quoted) {
    if (depth == 4 && name[4] == "metadata" && key[4] == "name") pod = v
    if (depth == 4 && name[4] == "spec" && key[4] == "nodeName") node = v
    if (depth == 4 && name[4] == "status") { if (key[4] == "phase") phase = v; if (key[4] == "reason" && why == "-") why = v }
    if (depth == 6 && name[5] == "conditions") {
        if (key[6] == "type") c_type = v
        if (key[6] == "status") c_status = v
    }
    if (name[5] == "containerStatuses" && name[7] == "state" && depth == 8) {
        if (key[8] == "reason") why = v
        if (key[8] == "message") message = v
    }
    return v
}
function json_open(c) {
    if (depth == 3 && name[2] == "items") { pod = node = phase = message = ""; why = "-"; is_ready = 0 }
    if (depth == 6) c_type = c_status = ""
}
function json_close(c) { }
function json_closed(c) {
    if (depth == 5 && name[5] == "conditions" && c_type == "Ready") is_ready = (c_status == "True")
    if (depth == 2 && name[2] == "items" && pod != "") {
        gsub(/[\t\r\n]/, " ", message)
        print pod "\t" (node == "" ? "-" : node) "\t" (phase == "" ? "-" : phase) "\t" is_ready "\t" why "\t" message
    }
}
function json_emit(s) { }
