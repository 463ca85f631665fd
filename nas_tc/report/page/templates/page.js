"use strict";
(() => {
  const NS = "http://www.w3.org/2000/svg";
  const data = JSON.parse(document.getElementById("chart-data").textContent);
  const holder = document.getElementById("chart");
  const cards = new Set(data.cards);
  let axis = 0;
  let current = null; // number of the trial that is told of

  const make = (name, attributes, parent, text) => {
    const element = document.createElementNS(NS, name);
    for (const key in attributes) element.setAttribute(key, attributes[key]);
    if (text !== undefined) element.textContent = text;
    if (parent) parent.append(element);
    return element;
  };
  const short = (value) => {
    for (const [size, unit] of [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]])
      if (value >= size) return Number((value / size).toPrecision(3)) + unit;
    return String(Number(value.toPrecision(3)));
  };
  const percent = (value) => value.toFixed(2) + " %";

  // Ticks: round values from low to high; on a logarithmic axis 1, 2 and 5 of each power of ten.
  const linearTicks = (low, high, count) => {
    const raw = (high - low) / count, power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw);
    const ticks = [];
    for (let n = Math.ceil(low / step); n * step <= high + 1e-9; n++) ticks.push(n * step);
    return ticks;
  };
  const logTicks = (low, high, count) => {
    const ticks = [];
    for (let power = Math.floor(Math.log10(low)); 10 ** power <= high; power++)
      for (const n of [1, 2, 5]) {
        const tick = n * 10 ** power;
        if (tick >= low && tick <= high) ticks.push(tick);
      }
    return ticks.length >= 3 ? ticks : linearTicks(low, high, count).filter((tick) => tick > 0);
  };

  const kindOf = (point, front) =>
    point.b !== undefined ? "baseline" : front.has(point.n) ? "front" : point.s;

  const words = (point) => {
    const parts = ["trial " + point.n + ": "];
    if (point.b !== undefined) parts[0] = "trial " + point.n + ", baseline " + point.b + ": ";
    if (point.e !== null) parts.push(percent(point.e) + " validation " + data.metric);
    if (point.lo !== undefined) parts.push(" (" + percent(point.lo) + " to " + percent(point.hi) + " by the seed)");
    if (point.t !== undefined) parts.push(", " + percent(point.t) + " test");
    const cost = point.c[axis];
    const { name, unit, timed } = data.axes[axis];
    if (cost !== null) parts.push((point.e === null ? "" : ", ") + (timed ? `${name} ${cost.toFixed(3)} ms` : `${short(cost)} ${unit}`));
    if (point.s === "pruned") parts.push(", pruned after " + point.ep + " of " + data.epochs + (data.epochs === 1 ? " epoch" : " epochs"));
    if (point.s === "rejected") parts.push(", over the budget");
    if (point.r !== undefined) parts.push(": " + point.r);
    return parts.join("");
  };
  const tell = (point, group) => {
    current = point.n;
    for (const other of holder.querySelectorAll(".pointed")) other.classList.remove("pointed");
    group.classList.add("pointed");
    const told = document.getElementById("told");
    const notation = document.createElement("code");
    notation.textContent = point.net;
    told.replaceChildren(words(point), notation);
  };
  const open = (number) => {
    const card = document.getElementById("trial-" + number);
    if (!card) return;
    card.open = true;
    card.scrollIntoView({ block: "start" });
    card.querySelector("summary").focus({ preventScroll: true });
  };

  const draw = () => {
    const width = Math.max(320, Math.round(holder.clientWidth || 900));
    const height = Math.round(Math.min(520, Math.max(330, width * 0.5)));
    const edge = { left: 58, right: 18, top: 26, bottom: 48 };
    const cost = data.axes[axis], front = new Set(cost.front);
    const withOthers = document.getElementById("others").checked;
    const fromZero = document.getElementById("from-zero").checked;
    const isLog = document.getElementById("log").checked;
    const points = data.points.filter((each) => {
      if (each.c[axis] === null || !(each.c[axis] > 0)) return false;
      return withOthers || each.s === "complete";
    });
    const solid = points.filter((each) => each.s === "complete" && each.e !== null);
    const svg = make("svg", { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": `validation ${data.metric} in percent against ${cost.label}; ${points.length} networks, arrow keys move between them` });
    if (!solid.length) {
      make("text", { x: width / 2, y: height / 2, "text-anchor": "middle" }, svg, "no network has this cost");
      holder.replaceChildren(svg);
      return;
    }
    // Errors of networks that were stopped early would flatten the front: they are drawn at the edge.
    const errors = solid.flatMap((each) => [each.e, each.lo ?? each.e, each.hi ?? each.e]);
    const sorted = solid.map((each) => each.e).sort((a, b) => a - b);
    const middle = sorted[Math.floor(sorted.length * 0.9)];
    const shown = solid.filter((each) => front.has(each.n) || each.b !== undefined).map((each) => Math.max(each.e, each.hi ?? 0));
    let low = Math.min(...errors), high = Math.max(middle, ...shown);
    const room = (high - low || high || 1) * 0.08;
    low = fromZero ? 0 : Math.max(0, low - room);
    high += room;
    const costs = points.map((each) => each.c[axis]);
    if (cost.limit) costs.push(cost.limit);
    let least = Math.min(...costs), most = Math.max(...costs);
    const factor = Math.max((most / least) ** 0.04, 1.02);
    least = isLog ? least / factor : 0;
    most *= isLog ? factor : 1.04;
    const along = (value) => isLog ? Math.log(value / least) / Math.log(most / least) : value / most;
    const x = (value) => edge.left + (width - edge.left - edge.right) * along(value);
    const y = (value) => edge.top + (height - edge.top - edge.bottom) * (1 - (value - low) / (high - low));
    const floor = height - edge.bottom, right = width - edge.right;
    const narrow = width < 560;

    for (const tick of linearTicks(low, high, narrow ? 5 : 8)) {
      make("line", { class: "grid", x1: edge.left, x2: right, y1: y(tick), y2: y(tick) }, svg);
      make("text", { x: edge.left - 7, y: y(tick) + 4, "text-anchor": "end" }, svg, String(Number(tick.toPrecision(4))));
    }
    let last = -99;
    for (const tick of (isLog ? logTicks : linearTicks)(least, most, narrow ? 4 : 8)) {
      make("line", { class: "grid", x1: x(tick), x2: x(tick), y1: edge.top, y2: floor }, svg);
      if (x(tick) - last < 44) continue;
      last = x(tick);
      make("text", { x: x(tick), y: floor + 18, "text-anchor": "middle" }, svg, short(tick));
    }
    make("path", { class: "frame", d: `M${edge.left} ${edge.top}V${floor}H${right}` }, svg);
    make("text", { x: right, y: height - 8, "text-anchor": "end" }, svg, cost.label);
    make("text", { x: 6, y: 15 }, svg, `validation ${data.metric}, %`);
    if (cost.limit) {
      make("line", { class: "limit", x1: x(cost.limit), x2: x(cost.limit), y1: edge.top, y2: floor }, svg);
      make("text", { class: "limit-text", x: x(cost.limit) - 5, y: 15, "text-anchor": "end" }, svg, `budget ${short(cost.limit)}${cost.timed ? " ms" : ""}`);
    }
    const stairs = cost.front.map((number) => points.find((each) => each.n === number)).filter(Boolean);
    if (stairs.length) {
      const end = Math.max(cost.limit ?? 0, stairs[stairs.length - 1].c[axis]);
      let path = `M${x(stairs[0].c[axis]).toFixed(1)} ${y(stairs[0].e).toFixed(1)}`;
      for (const each of stairs.slice(1)) path += `H${x(each.c[axis]).toFixed(1)}V${y(each.e).toFixed(1)}`;
      make("path", { class: "stairs", d: path + `H${x(end).toFixed(1)}` }, svg);
    }

    const rank = { rejected: 0, pruned: 1, complete: 2, front: 3, baseline: 4 };
    const order = [...points].sort((a, b) => rank[kindOf(a, front)] - rank[kindOf(b, front)]);
    const groups = new Map();
    const labels = [];
    for (const point of order) {
      const kind = kindOf(point, front), chosen = point.n === data.recommended;
      const above = point.e === null || point.e > high;
      const px = x(point.c[axis]), py = above ? edge.top - 4 : y(point.e);
      const group = make("g", {
        class: `point ${kind}${chosen ? " chosen" : ""}`, tabindex: -1, role: cards.has(point.n) ? "link" : "img",
        "aria-label": `${kind === "front" ? "on the front, " : ""}${words(point)}; ${point.net}`, "data-trial": point.n,
      }, svg);
      if (point.lo !== undefined && !above) {
        const near = Math.min(Math.max(point.e, point.lo), point.hi);
        if (near !== point.e) make("path", { class: "bars apart", d: `M${px} ${y(point.e)}V${y(near)}` }, group);
        make("path", { class: "bars", d: `M${px - 4} ${y(point.lo)}h8M${px} ${y(point.lo)}V${y(point.hi)}M${px - 4} ${y(point.hi)}h8` }, group);
      }
      const interval = point.w && point.w[axis];
      if (interval && !above)
        make("path", { class: "bars", d: `M${x(Math.max(interval[0], least))} ${py - 3}v6M${x(Math.max(interval[0], least))} ${py}H${x(Math.min(interval[1], most))}M${x(Math.min(interval[1], most))} ${py - 3}v6` }, group);
      make("circle", { class: "ring", cx: px, cy: py, r: 9 }, group);
      if (above) make("path", { class: "mark", d: `M${px - 4} ${py + 3}L${px} ${py - 4}L${px + 4} ${py + 3}Z` }, group);
      else if (kind === "baseline") make("path", { class: "mark", d: `M${px - 7} ${py}L${px} ${py - 7}L${px + 7} ${py}L${px} ${py + 7}Z` }, group);
      else make("circle", { class: "mark", cx: px, cy: py, r: kind === "front" ? 5.5 : 4 }, group);
      const text = kind === "baseline" ? point.b : kind === "front" ? String(point.n) : "";
      if (text && !above) labels.push([group, text, px, py, kind]);
      make("circle", { cx: px, cy: py, r: 12, fill: "transparent" }, group);
      group.addEventListener("mouseenter", () => tell(point, group));
      group.addEventListener("focus", () => tell(point, group));
      group.addEventListener("click", () => { tell(point, group); open(point.n); });
      groups.set(point.n, { point, group });
    }
    // A label goes to the first place around its point where no other label and no labelled point is.
    const taken = labels.map(([, , px, py]) => [px - 5, py - 5, px + 5, py + 5]);
    for (const [group, text, px, py, kind] of labels.reverse()) {
      const size = text.length * 7 + 4;
      const places = [[-size / 2, -12], [8, -6], [8, 14], [-size - 6, -6], [-size / 2, 22], [-size - 6, 14]];
      const free = (kind === "baseline" ? places : [places[1], places[0], ...places.slice(2)]).find(([dx, dy]) => {
        const box = [px + dx, py + dy - 11, px + dx + size, py + dy + 2];
        return box[0] > edge.left && box[2] < right + 14 && box[1] > edge.top - 24 && box[3] < floor &&
          !taken.some((o) => box[0] < o[2] && box[2] > o[0] && box[1] < o[3] && box[3] > o[1]);
      });
      if (!free) continue;
      taken.push([px + free[0], py + free[1] - 11, px + free[0] + size, py + free[1] + 2]);
      make("text", { x: px + free[0], y: py + free[1] }, group, text);
    }
    // A chart that is drawn anew, since the window has changed, must not take the keyboard's place away.
    const focused = holder.contains(document.activeElement) ? Number(document.activeElement.dataset.trial) : undefined;
    holder.replaceChildren(svg);
    holder.dataset.state = cost.name;

    // One stop for Tab; arrows go along the cost, first among the front.
    const ring = [...points].sort((a, b) => a.c[axis] - b.c[axis] || a.n - b.n).map((each) => each.n);
    const first = [focused, current].find((each) => groups.has(each)) ?? cost.front[0] ?? ring[0];
    groups.get(first)?.group.setAttribute("tabindex", 0);
    if (groups.has(focused)) groups.get(focused).group.focus({ preventScroll: true });
    svg.addEventListener("keydown", (event) => {
      const number = Number(event.target.closest("g.point")?.dataset.trial);
      if (!groups.has(number)) return;
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); open(number); return; }
      const among = event.shiftKey ? ring : ring.filter((n) => front.has(n) || n === number);
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      const next = step ? among[among.indexOf(number) + step]
        : event.key === "Home" ? among[0] : event.key === "End" ? among[among.length - 1] : undefined;
      if (next === undefined) return;
      event.preventDefault();
      for (const { group } of groups.values()) group.setAttribute("tabindex", -1);
      groups.get(next).group.setAttribute("tabindex", 0);
      groups.get(next).group.focus({ preventScroll: true });
    });
  };

  if (holder) {
    document.getElementById("axis").addEventListener("change", (event) => { axis = Number(event.target.value); draw(); });
    for (const id of ["others", "from-zero", "log"]) document.getElementById(id).addEventListener("change", draw);
    let width = 0;
    new ResizeObserver(() => { if (holder.clientWidth !== width) { width = holder.clientWidth; draw(); } }).observe(holder);
    draw();
  }

  // Links to a card open it, from the address, too.
  const follow = () => {
    const match = /^#trial-(\d+)$/.exec(location.hash);
    if (match) open(match[1]);
  };
  window.addEventListener("hashchange", follow);
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#trial-"]');
    if (link && link.getAttribute("href") === location.hash) follow();
  });
  follow();

  const all = document.getElementById("open-all");
  all?.addEventListener("click", () => {
    const opened = all.textContent !== "close all";
    for (const card of document.querySelectorAll("details.card")) card.open = opened;
    all.textContent = opened ? "close all" : "open all";
  });
  if (navigator.clipboard)
    for (const command of document.querySelectorAll("pre.command")) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "copy";
      button.addEventListener("click", async () => {
        try {
          await navigator.clipboard.writeText(command.querySelector("code").textContent);
          button.textContent = "copied";
        } catch {
          button.textContent = "cannot copy";
        }
        setTimeout(() => { button.textContent = "copy"; }, 2000);
      });
      command.append(button);
    }
})();
