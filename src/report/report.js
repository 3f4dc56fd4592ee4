// Draws every chart of the page from the JSON beside its canvas, in the page's own colours.
(function () {
  "use strict";
  const root = document.documentElement;
  const color = (name) => getComputedStyle(root).getPropertyValue("--" + name).trim();
  const seriesColor = (index) => color("series-" + (index % 8 + 1));
  const marks = ["circle", "rectRot", "triangle", "rect", "star", "crossRot"];
  const figure = (value) => (value === null ? "–" : String(Number(Number(value).toPrecision(5))));

  const shortened = (text) => (text.length > 40 ? text.slice(0, 39) + "…" : text);

  function axis(spec) {
    return {
      type: spec.log ? "logarithmic" : "linear",
      title: { display: spec.label !== "", text: spec.label, color: color("soft") },
      grid: { color: color("rule"), borderColor: color("rule") },
      ticks: { color: color("soft"), maxRotation: 0, autoSkipPadding: 16 },
    };
  }

  function radius(series) {
    const count = series.points.length;
    if (series.dashed) return 0;
    if (series.style === "points") return count === 1 ? 9 : count > 300 ? 2 : count > 60 ? 3 : 4.5;
    return count > 40 ? 0 : 2.5;
  }

  function xySeries(series, index, all) {
    const ink = seriesColor(index);
    const points = series.style === "points";
    return {
      label: series.name,
      data: series.points.map((point) => ({ x: point[0], y: point[1] })),
      hints: series.labels || [],
      named: series.show_labels === true,
      whiskers: series.whiskers || [],
      showLine: !points,
      stepped: series.style === "steps" ? "before" : false,
      borderColor: ink,
      backgroundColor: points && series.points.length > 60 ? ink + "99" : ink,
      borderWidth: points ? 1.5 : 2,
      borderDash: series.dashed ? [6, 5] : [],
      pointRadius: radius(series),
      pointHoverRadius: radius(series) + 2,
      pointHitRadius: 6,
      pointStyle: points ? (series.points.length === 1 ? "star" : marks[index % 4]) : "circle",
      order: all.length - index,  // what was named last lies on top
    };
  }

  function xy(spec) {
    const named = spec.series.some((series) => series.show_labels);
    const y = axis(spec.y);
    if (named && !spec.y.log) y.grace = "10%";  // room for names above and below
    return {
      type: "scatter",
      data: { datasets: spec.series.map(xySeries) },
      options: {
        scales: { x: axis(spec.x), y: y },
        plugins: {
          tooltip: {
            callbacks: {
              label: (item) => {
                const hint = item.dataset.hints[item.dataIndex];
                return (hint || item.dataset.label) + "  (" + figure(item.parsed.x) + ", " + figure(item.parsed.y) + ")";
              },
            },
          },
        },
      },
    };
  }

  // Whiskers under the points, and their names beside them: to the right, or wherever there is room.
  const besidePoints = {
    id: "besidePoints",
    beforeDatasetsDraw(chart) {
      const g = chart.ctx, x = chart.scales.x, y = chart.scales.y;
      chart.data.datasets.forEach((set) => (set.whiskers || []).forEach((ends, i) => {
        const at = y.getPixelForValue(set.data[i].y);
        g.save();
        g.strokeStyle = set.borderColor;
        g.globalAlpha = 0.45;
        g.lineWidth = 1.5;
        g.beginPath();
        g.moveTo(x.getPixelForValue(ends[0]), at);
        g.lineTo(x.getPixelForValue(ends[1]), at);
        g.stroke();
        g.restore();
      }));
    },
    afterDatasetsDraw(chart) {
      const g = chart.ctx, area = chart.chartArea, taken = [];
      const points = [];
      chart.data.datasets.forEach((set, s) => chart.getDatasetMeta(s).data.forEach((p, i) => {
        if (set.named || set.showLine === false) taken.push([p.x - 6, p.y - 6, p.x + 6, p.y + 6]);
        if (set.named) points.push({ p: p, text: set.hints[i], ink: set.borderColor });
      }));
      g.save();
      g.font = "12px " + Chart.defaults.font.family;
      g.textBaseline = "middle";
      for (const { p, text, ink } of points) {
        const w = g.measureText(text).width, h = 14;
        const places = [[10, 0], [-10 - w, 0], [10, -13], [10, 13], [-10 - w, -13], [-10 - w, 13], [-w / 2, -17], [-w / 2, 17],
          [12 - w, -17], [12 - w, 17]];
        const boxes = places.map(([dx, dy]) => [p.x + dx, p.y + dy - h / 2, p.x + dx + w, p.y + dy + h / 2]);
        const inside = (b) => b[0] > area.left && b[2] < area.right + 4 && b[1] > area.top - 4 && b[3] < area.bottom;
        const free = (b) => taken.every((t) => b[2] < t[0] || b[0] > t[2] || b[3] < t[1] || b[1] > t[3]);
        const box = boxes.find((b) => inside(b) && free(b)) || boxes.find(inside) || boxes[0];
        taken.push(box);
        g.fillStyle = color("paper");
        g.globalAlpha = 0.8;
        g.fillRect(box[0] - 2, box[1], w + 4, h);
        g.globalAlpha = 1;
        g.fillStyle = color("ink");
        g.fillText(text, box[0], (box[1] + box[3]) / 2);
      }
      g.restore();
    },
  };

  function bars(spec) {
    const x = axis(spec.x), y = axis({ label: "", log: false });
    x.stacked = y.stacked = true;
    y.type = "category";
    y.ticks.callback = (value, index) => shortened(spec.categories[index]);
    y.ticks.autoSkip = spec.categories.length > 500;
    y.grid.display = false;
    return {
      type: "bar",
      data: {
        labels: spec.categories,
        datasets: spec.parts.map((part, index) => ({
          label: part.name, data: part.values, backgroundColor: seriesColor(index), borderWidth: 0, maxBarThickness: 18,
          stack: "now",
        })).concat(spec.second ? [{
          label: spec.second.name, data: spec.second.values, backgroundColor: color("soft") + "55", borderWidth: 0,
          maxBarThickness: 7, stack: "before",
        }] : []),
      },
      options: {
        indexAxis: "y",
        scales: { x: x, y: y },
        interaction: { mode: "nearest", axis: "y" },
        plugins: { tooltip: { callbacks: { label: (item) => item.dataset.label + "  " + figure(item.parsed.x) } } },
      },
    };
  }

  function configuration(spec) {
    const chosen = spec.kind === "bars" ? bars(spec) : xy(spec);
    Object.assign(chosen.options, { animation: false, responsive: true, maintainAspectRatio: false });
    const count = chosen.data.datasets.length;
    chosen.plugins = [besidePoints];
    chosen.options.plugins.legend = {
      display: count > 1, position: "top", align: "start",
      labels: {
        color: color("ink"), usePointStyle: true, boxWidth: 8, boxHeight: 8, padding: 16,
        sort: (a, b) => a.datasetIndex - b.datasetIndex,
      },
    };
    return chosen;
  }

  const drawn = [];
  function drawAll() {
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    drawn.splice(0).forEach((chart) => chart.destroy());
    document.querySelectorAll("script[data-chart]").forEach((element) => {
      const canvas = document.getElementById(element.dataset.chart);
      drawn.push(new Chart(canvas, configuration(JSON.parse(element.textContent))));
    });
    root.dataset.charts = String(drawn.length);
  }

  drawAll();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  // Paper is white, whatever the screen is.
  addEventListener("beforeprint", () => { root.dataset.print = ""; drawAll(); });
  addEventListener("afterprint", () => { delete root.dataset.print; drawAll(); });
})();
