// LangGraph.js with its SQLite checkpointer: two nodes take turns, every superstep adds one message of about 1 KB to the
// state and is checkpointed before the next one (durability "sync"). `conversation.mjs FOLDER STEPS`, JSON on stdout.
import { statSync } from "node:fs";
import { join } from "node:path";
import { Annotation, END, START, StateGraph } from "@langchain/langgraph";
import { SqliteSaver } from "@langchain/langgraph-checkpoint-sqlite";
import { said } from "../../dist/conversation.js";

const [folder, stepText] = process.argv.slice(2);
const steps = Number(stepText);

async function measure({ name, list, durability }) {
  const path = join(folder, `${list ? "list" : "last"}-${durability}.sqlite`);
  const saver = SqliteSaver.fromConnString(path);
  const State = Annotation.Root({
    messages: Annotation({ reducer: (old, add) => (list ? [...old, ...add] : add), default: () => [] }),
    count: Annotation({ reducer: (_, now) => now, default: () => 0 }),
  });
  const speak = ({ count }) => ({ messages: [said(count)], count: count + 1 });
  const onward =
    (next) =>
    ({ count }) =>
      count < steps ? next : END;
  const graph = new StateGraph(State)
    .addNode("first", speak)
    .addNode("second", speak)
    .addEdge(START, "first")
    .addConditionalEdges("first", onward("second"), ["second", END])
    .addConditionalEdges("second", onward("first"), ["first", END])
    .compile({ checkpointer: saver });
  const startMs = performance.now();
  const config = { configurable: { thread_id: "talk" }, recursionLimit: steps + 10, durability };
  const state = await graph.invoke({ messages: [], count: 0 }, config);
  const elapsedMs = performance.now() - startMs;
  saver.db.pragma("wal_checkpoint(TRUNCATE)");
  saver.db.close();
  const kept = list ? steps : 1;
  return {
    name,
    steps,
    bytes: statSync(path).size,
    stepsPerSecond: Math.round((steps / elapsedMs) * 1000),
    ok:
      state.messages.length === kept && state.messages.every((text, at) => text === said(steps - kept + at)),
  };
}

const forms = [
  { name: "LangGraph.js + SQLite, every message in the state", list: true, durability: "sync" },
  { name: "LangGraph.js + SQLite, the last message only", list: false, durability: "sync" },
  { name: "LangGraph.js + SQLite, every message, saved once at the end", list: true, durability: "exit" },
];
const figures = [];
for (const form of forms) figures.push(await measure(form));
process.stdout.write(`${JSON.stringify(figures)}\n`);
