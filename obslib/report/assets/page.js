// Draws the page's charts from the packed block when they come into view. No network, no other script.
(() => {
  "use strict";
  const plots = [...document.querySelectorAll(".plot[data-chart]")];
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const PAPER_WIDTH = 680; // fits A4 and letter
  const MOST_ROWS = 500;
  const NARROW = 600;
  const LEAST_WIDTH = 60;
  const LETTER = 7; // pixels of width of a letter in a legend
  const MIN_PLOT = 210; // pixels of height a plot and its axis keep beside a legend of many rows
  const drawn = new Map(); // element -> scheme it was drawn in
  let content = null;

  const bytesOf = (id) => {
    const text = document.querySelector(`script#${id}`).textContent;
    if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
    const raw = atob(text);
    const bytes = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i += 1) bytes[i] = raw.charCodeAt(i);
    return bytes;
  };
  const inflated = (id) =>
    new Response(new Blob([bytesOf(id)]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();

  const readContent = async () => {
    const block = await inflated("figures");
    const length = new DataView(block).getUint32(0, true);
    const start = 4 + length;
    const parsed = JSON.parse(new TextDecoder().decode(new Uint8Array(block, 4, length)));
    const kinds = { f4: Float32Array, f8: Float64Array, i1: Int8Array, i2: Int16Array, i4: Int32Array,
      u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, i8: BigInt64Array, u8: BigUint64Array };
    const revive = (value) => {
      if (Array.isArray(value)) return value.map(revive);
      if (value === null || typeof value !== "object") return value;
      if (!("at" in value && "dtype" in value)) {
        return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, revive(one)]));
      }
      let flat = new kinds[value.dtype](block, start + value.at, value.count);
      if (value.dtype.endsWith("8") && value.dtype[0] !== "f") flat = Float64Array.from(flat, Number);
      if (!value.shape) return flat;
      const columns = value.shape[1];
      return Array.from({ length: value.shape[0] }, (_, row) => flat.subarray(row * columns, (row + 1) * columns));
    };
    return { ...parsed, figures: parsed.figures.map(revive) };
  };

  const loadPlotly = async () => {
    const source = new Blob([await inflated("plotly")], { type: "text/javascript" });
    const script = document.createElement("script");
    script.src = URL.createObjectURL(source);
    await new Promise((done, failed) => {
      script.onload = done;
      script.onerror = () => failed(new Error("the chart library did not load"));
      document.head.append(script);
    });
    URL.revokeObjectURL(script.src);
  };

  // Figures use only the theme's colours, so a dark chart is the light one with each colour's twin.
  const swapped = (value) => {
    if (typeof value === "string") return content.twins[value] ?? value;
    if (Array.isArray(value)) return value.map(swapped);
    if (value === null || typeof value !== "object" || ArrayBuffer.isView(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, swapped(one)]));
  };
  // Names hold escaped text, as plotly wants it; a textarea reads it and runs nothing.
  const readable = (name) => Object.assign(document.createElement("textarea"), { innerHTML: name || "" }).value;
  const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const cut = (text, most) => (text.length <= most ? text
    : `${text.slice(0, Math.floor(most / 3))}…${text.slice(Math.floor(most / 3) + 1 - most)}`.replace(/…+/g, "…"));
  const heightFor = (traces, layout, width) => {
    const named = layout.showlegend ? traces.filter((trace) => trace.showlegend !== false) : [];
    const widest = Math.max(0, ...named.map((trace) => readable(trace.name).length * LETTER + 50));
    const rows = Math.ceil(named.length / Math.max(1, Math.floor((width - 80) / Math.max(widest, 1))));
    return rows ? rows * 20 + 60 + MIN_PLOT : 0;
  };
  const figureFor = (element, scheme, paperWidth) => {
    const { data, layout, themed } = content.figures[Number(element.dataset.chart)];
    const width = paperWidth || element.clientWidth;
    const most = Math.max(12, Math.floor((width - 90) / LETTER));
    const named = themed ? data.map((trace) => ({ ...trace, name: escaped(cut(readable(trace.name), most)) })) : data;
    element.dataset.height ??= element.clientHeight;
    const height = Math.max(Number(element.dataset.height), themed ? heightFor(named, layout, width) : 0);
    element.style.height = `${height}px`;
    const size = { height, width, autosize: false };
    const looks = themed ? { template: content.templates[scheme] } : {};
    const own = themed && scheme === "dark" ? { data: swapped(named), layout: swapped(layout) } : { data: named, layout };
    const fitted = structuredClone({ ...own.layout, ...looks, ...size });
    if (themed) fitted.xaxis = { nticks: Math.max(2, Math.floor(width / 90)), ...fitted.xaxis };
    if (themed && width < NARROW) fitted.legend.title = { ...fitted.legend.title, side: "top left" };
    return { data: own.data.map((trace) => ({ ...trace })), layout: fitted };
  };

  const draw = (element, scheme = dark.matches ? "dark" : "light", width = 0) => {
    if (!width && element.clientWidth < LEAST_WIDTH) return; // hidden, or the window has no size for a moment
    const { data, layout } = figureFor(element, scheme, width);
    const config = { displayModeBar: false, responsive: false, scrollZoom: false, doubleClick: "reset+autosize" };
    if (matchMedia("(pointer: coarse)").matches) layout.dragmode = false; // a finger scrolls the page
    try {
      if (drawn.has(element)) window.Plotly.react(element, data, layout, config);
      else window.Plotly.newPlot(element, data, layout, config);
      drawn.set(element, scheme);
      element.classList.remove("waiting");
    } catch (error) {
      undrawn(element, error);
    }
  };
  const undrawn = (element, error) => {
    element.classList.remove("waiting");
    element.classList.add("undrawn");
    element.textContent = `This chart could not be drawn (${error.message}). Its numbers are below.`;
    element.closest("figure").querySelector("details.data").open = true;
  };

  // Arrow keys move, + and - zoom, 0 or Escape show everything again.
  const onKey = (event) => {
    const element = event.currentTarget;
    const axis = element.layout && element._fullLayout && element._fullLayout.xaxis;
    if (!axis || event.ctrlKey || event.metaKey || event.altKey) return;
    const [from, to] = axis.range.map(axis.r2l);
    const span = to - from;
    const moves = { ArrowLeft: [-0.1, -0.1], ArrowRight: [0.1, 0.1], "+": [0.15, -0.15], "=": [0.15, -0.15], "-": [-0.2, 0.2] };
    const move = moves[event.key];
    if (move) {
      window.Plotly.relayout(element, { "xaxis.range": [axis.l2r(from + move[0] * span), axis.l2r(to + move[1] * span)] });
    } else if (event.key === "0" || event.key === "Escape") draw(element);
    else return;
    event.preventDefault();
  };

  // The table with every drawn number, made when its section is opened.
  const positions = (trace) => {
    if (trace.x) return Array.from(trace.x);
    const first = typeof trace.x0 === "string" ? Date.parse(`${trace.x0.replace(" ", "T")}Z`) : Number(trace.x0 || 0);
    return Array.from(trace.y, (_, i) => first + i * (trace.dx || 1));
  };
  // Rows of a heatmap and lying bars are series of their own, as in the summary.
  const seriesOf = (trace) => {
    if (trace.type === "heatmap") return trace.z.map((y, i) => ({ ...trace, y, name: trace.meta.rows[i] }));
    return trace.type === "bar" && trace.orientation === "h" ? [{ ...trace, x: trace.y.map(readable), y: trace.x }] : [trace];
  };
  const cell = (row, tag, text) => {
    const made = document.createElement(tag);
    made.textContent = text;
    if (tag === "th") made.scope = row.parentNode.tagName === "THEAD" ? "col" : "row";
    row.append(made);
  };
  const fillRows = (place) => {
    const { data, layout, themed, suffix } = content.figures[Number(place.dataset.rows)];
    const shown = data.filter((trace) => trace.y && (!trace.meta || trace.meta.role === "series"));
    const traces = themed ? shown.flatMap(seriesOf) : shown;
    if (!traces.length || place.childElementCount) return;
    const dated = layout.xaxis && layout.xaxis.type === "date";
    const rows = new Map();
    traces.forEach((trace, column) => positions(trace).forEach((x, i) => {
      const key = dated && typeof x === "string" ? Date.parse(`${x.replace(" ", "T")}Z`) : x;
      if (!rows.has(key)) rows.set(key, new Array(traces.length).fill(""));
      const y = trace.y[i];
      rows.get(key)[column] = typeof y === "number" ? (Number.isNaN(y) ? "–" : Number(y.toPrecision(6)).toString()) : String(y ?? "–");
    }));
    const keys = [...rows.keys()];
    if (dated) keys.sort((a, b) => a - b);
    const table = document.createElement("table");
    const head = table.createTHead().insertRow();
    cell(head, "th", dated ? "time (UTC)" : "x");
    traces.forEach((trace) => {
      const { panel, suffix: own = suffix } = trace.meta || {};
      const name = (panel ? `${panel}: ` : "") + (readable(trace.name) || "value");
      cell(head, "th", themed && own ? `${name} (${own})` : name);
    });
    const body = table.createTBody();
    keys.slice(0, MOST_ROWS).forEach((key) => {
      const row = body.insertRow();
      cell(row, "th", dated ? new Date(key).toISOString().slice(0, 19).replace("T", " ") : String(key));
      rows.get(key).forEach((text) => cell(row, "td", text));
    });
    const frame = document.createElement("div");
    frame.className = "scroll";
    frame.tabIndex = 0;
    frame.setAttribute("role", "region");
    frame.setAttribute("aria-label", "All drawn numbers");
    frame.append(table);
    const note = document.createElement("p");
    note.className = "note";
    note.textContent = keys.length > MOST_ROWS
      ? `First ${MOST_ROWS} of ${keys.length.toLocaleString("en")} rows.` : `All ${keys.length.toLocaleString("en")} rows.`;
    place.append(frame, note);
  };

  const start = async () => {
    if (!plots.length) return;
    plots.forEach((element) => element.classList.add("waiting"));
    try {
      content = await readContent();
      await loadPlotly();
    } catch (error) {
      plots.forEach((element) => undrawn(element, error));
      return;
    }
    const seen = new IntersectionObserver((entries) => entries.forEach((entry) => {
      if (!entry.isIntersecting) return;
      seen.unobserve(entry.target);
      if (!drawn.has(entry.target)) draw(entry.target);
    }), { rootMargin: "300px" });
    const resized = new ResizeObserver((entries) => entries.forEach(({ target, contentRect }) => {
      const known = target._fullLayout;
      if (drawn.has(target) && known && Math.abs(known.width - contentRect.width) > 1 && !matchMedia("print").matches) draw(target);
    }));
    plots.forEach((element) => {
      seen.observe(element);
      resized.observe(element);
      element.addEventListener("keydown", onKey);
    });
    document.querySelectorAll("details.data").forEach((section) => section.addEventListener("toggle", () => {
      if (section.open) section.querySelectorAll(".rows").forEach(fillRows);
    }));
    dark.addEventListener("change", () => [...drawn.keys()].forEach((element) => draw(element)));
    window.addEventListener("beforeprint", () => plots.forEach((element) => draw(element, "light", PAPER_WIDTH)));
    window.addEventListener("afterprint", () => plots.forEach((element) => draw(element)));
    document.documentElement.dataset.charts = "ready";
  };
  start();
})();
