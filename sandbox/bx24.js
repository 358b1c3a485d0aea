// What a Bitrix24 portal gives to pages in its iframes, as far as an application's own pages need it.
(function () {
  "use strict";
  var query = new URLSearchParams(window.location.search);
  var portal = (query.get("PROTOCOL") === "1" ? "https://" : "http://") + query.get("DOMAIN");
  var sid = query.get("APP_SID");
  var ANSWER_MS = 500;
  var waiting = {};
  var count = 0;
  var info = null;
  var ready = [];

  function direct(name, params) {
    return fetch(portal + "/bx24/" + name, {
      method: "POST",
      headers: { "Content-Type": "text/plain" },
      body: JSON.stringify({ sid: sid, params: params || {} }),
    }).then(function (answer) { return answer.json(); });
  }

  // The page around the iframe answers; without one the portal is asked straight away.
  function ask(name, params) {
    if (window.parent === window) { return direct(name, params); }
    return new Promise(function (resolve, reject) {
      var id = ++count;
      waiting[id] = resolve;
      window.parent.postMessage({ bx24: name, id: id, sid: sid, params: params || {} }, portal);
      setTimeout(function () {
        if (!waiting[id]) { return; }
        delete waiting[id];
        direct(name, params).then(resolve, reject);
      }, ANSWER_MS);
    });
  }

  window.addEventListener("message", function (event) {
    var answered = event.data && waiting[event.data.answer];
    if (event.origin !== portal || !answered) { return; }
    delete waiting[event.data.answer];
    answered(event.data.result);
  });

  function withInfo(use) {
    if (info) { use(info); return; }
    ready.push(use);
    if (ready.length > 1) { return; }
    ask("info").then(function (told) {
      info = told;
      ready.splice(0).forEach(function (waiter) { waiter(told); });
    });
  }

  function Result(body) { this.body = body; }
  Result.prototype.data = function () { return this.body.result; };
  Result.prototype.total = function () { return this.body.total; };
  Result.prototype.more = function () { return this.body.next !== undefined; };
  Result.prototype.error = function () {
    var body = this.body;
    if (body.error === undefined) { return null; }
    return { ex: body, toString: function () { return body.error + ": " + body.error_description; } };
  };

  function rest(method, params) {
    return new Promise(function (resolve) {
      withInfo(function (told) {
        fetch(portal + "/rest/" + method + ".json", {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify(Object.assign({}, params, { auth: told.auth.access_token })),
        }).then(function (answer) { return answer.json(); }).then(function (body) { resolve(new Result(body)); });
      });
    });
  }

  function told(callback) { return function (value) { if (callback) { callback(value); } }; }

  window.BX24 = {
    init: function (callback) { withInfo(told(callback)); },
    install: function (callback) { withInfo(told(callback)); },
    installFinish: function () { ask("install-finish"); },
    getAuth: function () { return info ? info.auth : false; },
    refreshAuth: function (callback) { ask("info").then(function (fresh) { info = fresh; told(callback)(fresh.auth); }); },
    isAdmin: function () { return info ? info.admin : false; },
    getLang: function () { return query.get("LANG"); },
    getDomain: function () { return query.get("DOMAIN"); },
    callMethod: function (method, params, callback) { rest(method, params || {}).then(told(callback)); },
    callBatch: function (calls, callback, halt) {
      var cmd = {};
      Object.keys(calls).forEach(function (key) {
        var one = calls[key];
        cmd[key] = (one.method || one[0]) + "?" + new URLSearchParams(one.params || one[1] || {}).toString();
      });
      rest("batch", { cmd: cmd, halt: halt ? 1 : 0 }).then(function (answer) {
        var inner = answer.data() || {};
        var results = {};
        Object.keys(calls).forEach(function (key) {
          results[key] = new Result(Object.assign({ result: (inner.result || {})[key] }, (inner.result_error || {})[key]));
        });
        told(callback)(results);
      });
    },
    placement: {
      info: function () { return info ? { placement: info.placement, options: info.options } : {}; },
      getInterface: function (callback) { told(callback)({ command: ["setPropertyValue", "reloadData"], event: [] }); },
      call: function (command, params, callback) {
        ask("placement", { command: command, params: params || {} }).then(told(callback));
      },
      bindEvent: function () {},
    },
    fitWindow: function (callback) {
      var height = document.documentElement.scrollHeight;
      ask("resize", { height: height }).then(told(callback));
    },
    resizeWindow: function (width, height, callback) { ask("resize", { width: width, height: height }).then(told(callback)); },
    setTitle: function (title, callback) { ask("title", { title: title }).then(told(callback)); },
    openPath: function (path, callback) { ask("open-path", { path: path }).then(told(callback)); },
    openApplication: function (params, callback) { ask("open-application", params).then(told(callback)); },
    closeApplication: function () { ask("close-application"); },
    getScrollSize: function () {
      return { scrollWidth: document.documentElement.scrollWidth, scrollHeight: document.documentElement.scrollHeight };
    },
    ready: function (callback) {
      if (document.readyState === "loading") { document.addEventListener("DOMContentLoaded", callback); } else { callback(); }
    },
  };
})();
