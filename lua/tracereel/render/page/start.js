// Begins: what the other scripts have asked for is done, in their order.
(function (page) {
  "use strict";

  // A link to what is folded away opens it.
  function openTarget() {
    var id = decodeURIComponent(location.hash.slice(1)), target = id && document.getElementById(id);
    if (target && target.tagName === "DETAILS") {
      target.open = true;
      target.scrollIntoView();
    }
  }

  document.documentElement.classList.add("scripted");
  document.querySelectorAll("form.filter").forEach(function (form) { form.hidden = false; });
  page.parts.forEach(function (part) { part(); });
  window.addEventListener("hashchange", openTarget);
  openTarget();
})(tracereelPage);
