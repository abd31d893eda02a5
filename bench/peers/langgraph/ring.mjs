// LangGraph.js: a station is a task of one node, started by Send; a router node collects and sends on. No checkpointer.
import { Annotation, END, START, Send, StateGraph } from "@langchain/langgraph";
import { checksumOf, messageWords, nextPath, stationOf, writeFirst } from "../../dist/ring.js";

export const name = "LangGraph.js, Send per message, nothing saved";
export const sizes = [50, 1000];

export const form = async (stations, hops) => {
  // Graphs have no private state per task: the stations' columns are kept by the program.
  const counts = new Uint32Array(stations);
  const checksums = new Uint32Array(stations);
  const State = Annotation.Root({
    arrived: Annotation({ reducer: (old, add) => (add === null ? [] : [...old, ...add]), default: () => [] }),
    leaving: Annotation({ reducer: (_, now) => now, default: () => [] }),
  });
  const station = ({ words }) => {
    const at = stationOf(words[0], stations);
    counts[at] += 1;
    checksums[at] += checksumOf(words, 0);
    const next = words.slice();
    next[0] = nextPath(words[0]);
    next[1] += 1;
    return { arrived: [next] };
  };
  const onward = ({ leaving }) =>
    leaving[0][1] < hops ? leaving.map((words) => new Send("station", { words })) : END;
  const graph = new StateGraph(State)
    .addNode("station", station)
    .addNode("router", ({ arrived }) => ({ leaving: arrived, arrived: null }))
    .addEdge(START, "router")
    .addEdge("station", "router")
    .addConditionalEdges("router", onward, ["station", END])
    .compile();
  const arrived = Array.from({ length: stations }, (_, number) => {
    const words = new Uint32Array(messageWords);
    writeFirst(words, 0, number);
    return words;
  });
  const startMs = performance.now();
  await graph.invoke({ arrived }, { recursionLimit: hops * 2 + 10 });
  return { elapsedMs: performance.now() - startMs, counts, checksums };
};
