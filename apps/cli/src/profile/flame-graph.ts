/**
 * A flame graph as one SVG file: every box is a call path, as wide as its fuel. Equal graphs give equal bytes; nothing
 * is fetched; the script inside only zooms. Names are a guest's: they are text and never markup.
 */

import type { GraphNode } from "./call-graph.js";
import { ZOOM_SCRIPT } from "./zoom-script.js";

export interface FlameGraphOptions {
  readonly title: string;
  readonly subtitle: string;
}

const width = 1200;
const rowHeight = 17;
const margin = 10;
const headHeight = 56;
/** Narrower boxes are left out: nobody could see them, and the box below shows that something is missing. */
const widthMin = 0.2;
const zoomedNote = "click the lowest box to zoom out";
/** Boxes narrower than this carry no text; what fits is cut to this width per character. */
const textWidthMin = 24;
const characterWidth = 6.6;

interface Box {
  readonly node: GraphNode;
  readonly left: number;
  readonly width: number;
  readonly level: number;
}

export function flameGraph(graph: GraphNode, { title, subtitle }: FlameGraphOptions): string {
  const boxes = boxesOf(graph);
  const levels = 1 + boxes.reduce((most, { level }) => Math.max(most, level), 0);
  const height = headHeight + levels * rowHeight + margin;
  const rows = boxes.map((box) => boxMarkup(box, graph.totalFuel, height));
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  return [
    `<?xml version="1.0" encoding="UTF-8"?>`,
    `<svg xmlns="http://www.w3.org/2000/svg" version="1.1" ${size}>`,
    `<title>${escaped(title)}</title>`,
    `<style>`,
    `text { font: 11px ui-monospace, Menlo, Consolas, monospace; fill: #1b1b1f; }`,
    `.head { font-size: 15px; } .note { fill: #55555f; }`,
    `g.box { cursor: pointer; } g.box:hover rect { stroke: #1b1b1f; }`,
    `g.box text { pointer-events: none; } g.below { opacity: 0.5; } .hidden { display: none; }`,
    `</style>`,
    `<rect width="${width}" height="${height}" fill="#fbfbf8"/>`,
    `<text class="head" x="${margin}" y="22">${escaped(title)}</text>`,
    `<text class="note" x="${margin}" y="40">${escaped(subtitle)}</text>`,
    `<text class="note hidden" id="back" x="${width - margin}" y="22" text-anchor="end">${zoomedNote}</text>`,
    `<g id="boxes">`,
    ...rows,
    `</g>`,
    `<script><![CDATA[`,
    ZOOM_SCRIPT,
    `]]></script>`,
    `</svg>`,
    ``,
  ].join("\n");
}

/** Boxes from the bottom up, from left to right. A box begins where its caller does. */
function boxesOf(graph: GraphNode): Box[] {
  const boxes: Box[] = [];
  const scale = graph.totalFuel === 0 ? 0 : (width - 2 * margin) / graph.totalFuel;
  const walk = (node: GraphNode, fuelBefore: number, level: number): void => {
    const box = { node, left: margin + fuelBefore * scale, width: node.totalFuel * scale, level };
    if (box.width < widthMin && level > 0) return;
    boxes.push(box);
    let before = fuelBefore;
    for (const inner of node.inner) {
      walk(inner, before, level + 1);
      before += inner.totalFuel;
    }
  };
  walk(graph, 0, 0);
  return boxes;
}

function boxMarkup({ node, left, width: boxWidth, level }: Box, allFuel: number, height: number): string {
  const top = height - margin - (level + 1) * rowHeight;
  const { name } = node;
  const share = allFuel === 0 ? 0 : (100 * node.totalFuel) / allFuel;
  const calls = node.calls === 0 ? "" : `, ${node.calls} calls`;
  const of = node.module === "" ? "" : ` (${node.module})`;
  const words = `${name}${of}: ${node.totalFuel} fuel, ${share.toFixed(2)} %, ${node.selfFuel} of its own${calls}`;
  const x = left.toFixed(2);
  const y = String(top);
  const wide = Math.max(boxWidth, 0).toFixed(2);
  const shown = boxWidth < textWidthMin ? "" : cut(name, Math.floor((boxWidth - 6) / characterWidth));
  return (
    `<g class="box" data-l="${level}" data-n="${escaped(name)}"><title>${escaped(words)}</title>` +
    `<rect x="${x}" y="${y}" width="${wide}" height="${rowHeight - 1}" rx="1" fill="${colourOf(node, level)}"/>` +
    `<text x="${(left + 3).toFixed(2)}" y="${top + 12}">${escaped(shown)}</text></g>`
  );
}

function cut(name: string, characters: number): string {
  const all = [...name];
  return all.length <= characters ? name : `${all.slice(0, Math.max(0, characters - 1)).join("")}…`;
}

/** Warm for code of agents, blue for what the host does, grey below everything. The same name has the same colour. */
function colourOf({ name, module }: GraphNode, level: number): string {
  if (level === 0) return "#d8d8d2";
  let hash = 0x811c_9dc5;
  for (const character of `${module}\0${name}`) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x0100_0193) >>> 0;
  }
  const host = name.startsWith("host:") || name.startsWith("[");
  const hue = (host ? 195 : 12) + (hash % 40);
  return `hsl(${hue}, ${60 + ((hash >>> 8) % 20)}%, ${66 + ((hash >>> 16) % 10)}%)`;
}

/** Text for XML 1.0: markup as entities; what it cannot hold has been made visible before. */
function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll(/[^\t\n\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd");
}
