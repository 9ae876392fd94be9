/* Adds search, counts and copying to a page that is complete without them. */
(function () {
  "use strict";
  var page = document;
  var all = Array.prototype.slice.call(page.querySelectorAll(".finding"));
  var search = page.getElementById("search");
  var component = page.getElementById("component");
  var pool = page.getElementById("pool");
  var node = page.getElementById("node");
  var shown = page.getElementById("shown");
  var none = page.getElementById("none");
  var boxes = Array.prototype.slice.call(page.querySelectorAll(".filters input[type=checkbox]"));
  var texts = null;

  page.documentElement.classList.add("js");
  page.querySelectorAll(".js-only").forEach(function (part) {
    if (part !== none) { part.hidden = false; }
  });

  function passes(finding, off) {
    return !off["o-" + finding.dataset.owner] && !off["s-" + finding.dataset.severity] &&
      (!component || !component.value || component.value === finding.dataset.component) &&
      (!pool || !pool.value || (finding.dataset.pools || "").split(" ").indexOf(pool.value) >= 0);
  }

  /* Nodes of scale sets stand as "set:first-last,one", in base 36; others as "=name". */
  function sits(finding, wanted) {
    var parts = /^(.*vmss)([0-9a-z]{1,6})$/.exec(wanted);
    var low = parts && parseInt((parts[2] + "00000").slice(0, 6), 36);
    var high = parts && parseInt((parts[2] + "zzzzz").slice(0, 6), 36);
    return (finding.dataset.nodes || "").split(" ").some(function (text) {
      var cut = text.lastIndexOf(":");
      var set = text.slice(0, cut);
      if (text.charAt(0) === "=") { return text.toLowerCase().indexOf(wanted) >= 0; }
      if (!parts) { return set.indexOf(wanted) >= 0; }
      return set.slice(-parts[1].length) === parts[1] &&
        text.slice(cut + 1).split(",").some(function (run) {
          var ends = run.split("-");
          return parseInt(ends[0], 36) <= high && parseInt(ends[1] || ends[0], 36) >= low;
        });
    });
  }

  function update() {
    var words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    var wanted = node ? node.value.trim().toLowerCase() : "";
    var off = {};
    var count = 0;
    boxes.forEach(function (box) { off[box.id] = !box.checked; });
    if (words.length && !texts) {
      texts = all.map(function (finding) { return finding.textContent.toLowerCase(); });
    }
    all.forEach(function (finding, place) {
      var found = words.every(function (word) { return texts[place].indexOf(word) >= 0; });
      found = found && (!wanted || sits(finding, wanted));
      finding.classList.toggle("unmatched", !found);
      if (found && passes(finding, off)) { count += 1; }
    });
    shown.textContent = count + " of " + all.length + " findings shown";
    none.hidden = count > 0;
  }

  function clear() {
    search.value = "";
    boxes.forEach(function (box) { box.checked = true; });
    [component, pool, node].forEach(function (field) { if (field) { field.value = ""; } });
    update();
    search.focus();
  }

  if (search && shown && none) {
    search.addEventListener("input", update);
    if (node) { node.addEventListener("input", update); }
    boxes.concat(component || [], pool || []).forEach(function (input) { input.addEventListener("change", update); });
    page.getElementById("clear").addEventListener("click", clear);
    update();
  }

  function select(element) {
    var range = page.createRange();
    range.selectNodeContents(element);
    var selection = window.getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  }

  function copy(button, text, source) {
    var label = button.dataset.label || button.textContent;
    button.dataset.label = label;
    function say(words) {
      button.textContent = words;
      window.setTimeout(function () { button.textContent = label; }, 4000);
    }
    function refused() {
      select(source);
      say(/Mac|iPhone|iPad/.test(navigator.platform) ? "Press \u2318C" : "Press Ctrl+C");
    }
    try {
      navigator.clipboard.writeText(text).then(function () { say("Copied"); }, refused);
    } catch (error) {
      refused();
    }
  }

  var summary = page.getElementById("copy-summary");
  if (summary) {
    summary.addEventListener("click", function () {
      var source = page.getElementById("ticket-text");
      copy(summary, source.textContent, source);
    });
  }
  /* A button per excerpt would be a good part of a large file. */
  page.querySelectorAll(".excerpt figcaption").forEach(function (caption) {
    var button = page.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy path";
    caption.appendChild(button);
  });
  page.addEventListener("click", function (event) {
    var button = event.target;
    if (button.classList && button.classList.contains("copy")) {
      var place = button.parentNode.querySelector("code");
      copy(button, place.textContent, place);
    }
  });

  /* Browsers that cannot open closed parts by style sheet: open them for the print, then close. */
  var opened = [];
  window.addEventListener("beforeprint", function () {
    var parts = "[data-severity=critical] .evidence:not([open]), [data-severity=high] .evidence:not([open]), .record:not([open])";
    opened = Array.prototype.slice.call(page.querySelectorAll(parts));
    opened.forEach(function (part) { part.open = true; });
  });
  window.addEventListener("afterprint", function () {
    opened.forEach(function (part) { part.open = false; });
  });
}());
