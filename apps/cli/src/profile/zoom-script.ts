/** The script inside of flame graphs. It moves and scales boxes; it reads nothing and fetches nothing. */

export const ZOOM_SCRIPT = `(function () {
  "use strict";
  var boxes = Array.prototype.slice.call(document.querySelectorAll("g.box"));
  var back = document.getElementById("back");
  var parts = boxes.map(function (box) {
    var rect = box.querySelector("rect");
    return { box: box, rect: rect, text: box.querySelector("text"), name: box.getAttribute("data-n"),
      level: Number(box.getAttribute("data-l")), x: Number(rect.getAttribute("x")),
      width: Number(rect.getAttribute("width")) };
  });
  var whole = parts[0];
  function show(chosen) {
    var scale = chosen.width === 0 ? 1 : whole.width / chosen.width;
    back.classList.toggle("hidden", chosen === whole);
    parts.forEach(function (part) {
      var slack = 0.01;
      var below = part.level < chosen.level && part.x <= chosen.x + slack &&
        part.x + part.width >= chosen.x + chosen.width - slack;
      var inside = part.level >= chosen.level && part.x >= chosen.x - slack &&
        part.x + part.width <= chosen.x + chosen.width + slack;
      part.box.classList.toggle("hidden", !below && !inside);
      part.box.classList.toggle("below", below);
      var x = below ? whole.x : whole.x + (part.x - chosen.x) * scale;
      var width = below ? whole.width : part.width * scale;
      part.rect.setAttribute("x", x.toFixed(2));
      part.rect.setAttribute("width", width.toFixed(2));
      part.text.setAttribute("x", (x + 3).toFixed(2));
      var room = Math.floor((width - 6) / 6.6);
      var all = Array.from(part.name);
      part.text.textContent = width < 24 ? "" : all.length <= room ? part.name :
        all.slice(0, Math.max(0, room - 1)).join("") + "\\u2026";
    });
  }
  parts.forEach(function (part) {
    part.box.addEventListener("click", function () { show(part); });
  });
})();`;
