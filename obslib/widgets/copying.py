"""A button that copies text: the browser writes its clipboard only within a click, so the kernel cannot."""

from __future__ import annotations

import anywidget
import traitlets

_SCRIPT = """
function render({ model, el }) {
  const button = document.createElement("button");
  button.className = "jupyter-widgets jupyter-button widget-button";
  button.style.width = "auto";
  const label = () => { button.textContent = model.get("label"); };
  const byHand = (text) => {  // pages that are not served securely have no clipboard object
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  };
  button.onclick = async () => {
    const text = model.get("text");
    let done = false;
    try { await navigator.clipboard.writeText(text); done = true; } catch { done = byHand(text); }
    button.textContent = done ? "Copied: paste it into a cell" : "The browser refused; copy it from the box";
    setTimeout(label, 2500);
  };
  model.on("change:label", label);
  label();
  el.append(button);
}
export default { render };
"""


class CopyButton(anywidget.AnyWidget):
    """Copies `text` to the clipboard when clicked."""

    _esm = _SCRIPT
    text = traitlets.Unicode().tag(sync=True)
    label = traitlets.Unicode("Copy as a cell").tag(sync=True)
