// The install page: asks the server how far the registration is, then tells the portal once that it is finished.
(function () {
  "use strict";
  var doing = document.getElementById("doing");
  var bar = document.getElementById("bar");
  var failures = 0;

  function show(id) { document.getElementById(id).hidden = false; }

  function finish(problems) {
    doing.hidden = true;
    bar.hidden = true;
    show("ready");
    if (problems.length) {
      var list = document.querySelector("#problems ul");
      problems.forEach(function (text) {
        var item = document.createElement("li");
        item.textContent = text;
        list.appendChild(item);
      });
      show("problems");
    }
    BX24.init(function () { BX24.installFinish(); });
  }

  function read(answer) {
    if (!answer.ok) { throw new Error(String(answer.status)); }
    return answer.json();
  }

  function told(progress) {
    failures = 0;
    bar.value = progress.done;
    if (progress.finished) { finish(progress.problems); } else { setTimeout(ask, 500); }
  }

  function silent() {
    failures += 1;
    if (failures < 20) { setTimeout(ask, 1500); } else { bar.hidden = true; show("stopped"); }
  }

  function ask() {
    fetch(doing.dataset.address, { headers: { "X-Page-Token": doing.dataset.token } }).then(read).then(told, silent);
  }

  ask();
}());
