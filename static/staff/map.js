"use strict";
// Replaces the two server-drawn figures of /brand/map by interactive ones. Without it, or without ECharts, the drawings
// and the table stay as they are: the numbers are the same.
(function () {
  const source = document.getElementById("chart-data");
  if (!source || !window.echarts) return;
  const data = JSON.parse(source.textContent);
  const count = new Intl.NumberFormat(document.documentElement.lang);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const charts = [];

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  function scale() {
    return [1, 2, 3, 4, 5, 6].map((level) => colour("--heat-" + level));
  }

  function most(list) {
    return Math.max(1, ...list.map((one) => one.scans || 0));
  }

  function level(scans, top) {
    return scans ? Math.min(6, 1 + Math.floor(6 * Math.sqrt(scans / top))) : 0;
  }

  function frame() {
    return {
      animationDuration: 200,
      aria: { enabled: true },
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: colour("--ink") },
      // ECharts' HTML tooltip sets style attributes, which our policy forbids; this one is drawn.
      tooltip: {
        renderMode: "richText", trigger: "item", backgroundColor: colour("--surface"), borderColor: colour("--line"),
        textStyle: { color: colour("--ink"), fontSize: 13 },
        formatter: (point) => point.data.name + "  " +
          (point.data.merged ? data.words.merged : count.format(point.data.scans) + " " + data.words.scans),
      },
    };
  }

  function tiles() {
    const top = most(data.tiles);
    return Object.assign(frame(), {
      grid: { left: 0, right: 0, top: 0, bottom: 0 },
      xAxis: { type: "category", data: [...Array(9).keys()], show: false },
      yAxis: { type: "category", data: [...Array(9).keys()], inverse: true, show: false },
      series: [{
        type: "custom",
        data: data.tiles.map((tile) => ({ ...tile, value: [tile.column, tile.row, tile.scans || 0] })),
        renderItem: function (params, api) {
          const tile = data.tiles[params.dataIndex];
          const [x, y] = api.coord([tile.column, tile.row]);
          const [w, h] = api.size([1, 1]);
          const step = level(tile.scans, top);
          const ink = tile.merged || !step ? colour("--muted") : colour(step > 3 ? "--heat-ink-strong" : "--heat-ink");
          const roomy = w > 50;
          const text = !roomy ? "" : tile.merged ? data.words.merged : tile.scans ? count.format(tile.scans) : "–";
          return {
            type: "group",
            children: [
              {
                type: "rect", shape: { x: x - w / 2 + 1.5, y: y - h / 2 + 1.5, width: w - 3, height: h - 3, r: 4 },
                style: {
                  fill: tile.merged ? colour("--surface") : step ? colour("--heat-" + step) : colour("--heat-0"),
                  stroke: tile.merged ? colour("--muted") : "none", lineDash: [3, 3], lineWidth: 1,
                },
              },
              { type: "text", silent: true, style: { text: tile.short, x, y: roomy ? y - 2 : y, fill: ink, align: "center", verticalAlign: roomy ? "bottom" : "middle", fontSize: roomy ? 13 : 10, fontWeight: 600 } },
              { type: "text", silent: true, style: { text, x, y: y + 3, fill: ink, align: "center", verticalAlign: "top", fontSize: 12 } },
            ],
          };
        },
      }],
    });
  }

  function bubbles(chart) {
    const top = most(data.bubbles);
    const shrink = Math.max(0.4, Math.min(1, chart.getWidth() / 700));
    const axis = (min, max, unit) => ({
      type: "value", min, max, interval: 10, axisLabel: { formatter: "{value}" + unit, color: colour("--muted"), fontSize: 11 },
      splitLine: { lineStyle: { color: colour("--line") } }, axisLine: { show: false }, axisTick: { show: false },
    });
    return Object.assign(frame(), {
      grid: { left: 36, right: 10, top: 8, bottom: 24 },
      xAxis: axis(70, 140, "°E"),
      yAxis: axis(15, 55, "°"),
      dataZoom: [{ type: "inside", xAxisIndex: 0, filterMode: "none" }, { type: "inside", yAxisIndex: 0, filterMode: "none" }],
      series: [
        { type: "scatter", data: data.seats, symbolSize: 2.5, silent: true, itemStyle: { color: colour("--seat") }, tooltip: { show: false } },
        {
          type: "scatter",
          data: data.bubbles.slice().sort((a, b) => b.scans - a.scans).map((one) => ({ ...one, value: [one.lon, one.lat, one.scans] })),
          symbolSize: (value) => (6 + 38 * Math.sqrt(value[2] / top)) * shrink,
          itemStyle: { color: colour("--bubble"), borderColor: colour("--bubble-edge"), borderWidth: 1 },
          emphasis: { scale: 1.15 },
        },
      ],
    });
  }

  const drawings = { tiles, bubbles };

  function draw() {
    for (const [chart, options] of charts) chart.setOption(options(chart), true);
  }

  for (const box of document.querySelectorAll("[data-chart]")) {
    const height = box.getBoundingClientRect().height;
    box.replaceChildren();
    const canvas = document.createElement("div");
    canvas.style.height = Math.round(height) + "px"; // through the object model, which the policy allows
    box.append(canvas);
    charts.push([echarts.init(canvas, null, { renderer: "svg" }), drawings[box.dataset.chart]]);
  }
  const note = document.getElementById("no-chart");
  if (note) note.hidden = true;
  draw();
  dark.addEventListener("change", draw);
  addEventListener("resize", () => { charts.forEach(([chart]) => chart.resize()); draw(); });
})();
