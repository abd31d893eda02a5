/** A queue of jobs over workers of several classes: virtual calls, small objects, fields. AssemblyScript. */

abstract class Station {
  handled: u32 = 0;
  next: Station | null = null;
  constructor(public id: u32) {}
  abstract take(job: Job): u32;
  forward(job: Job): u32 {
    this.handled += 1;
    const next = this.next;
    job.hops += 1;
    if (next === null || job.hops >= job.hopsMax) return job.value;
    return next.take(job);
  }
}

class Adder extends Station {
  take(job: Job): u32 {
    job.value += this.id * 2654435761;
    return this.forward(job);
  }
}

class Mixer extends Station {
  take(job: Job): u32 {
    job.value = (job.value ^ (job.value >> 7)) * 16777619;
    return this.forward(job);
  }
}

class Gate extends Station {
  open: bool = true;
  take(job: Job): u32 {
    this.open = !this.open;
    if (!this.open && job.value % 3 == 0) return job.value ^ this.handled;
    return this.forward(job);
  }
}

class Job {
  hops: u32 = 0;
  constructor(public value: u32, public hopsMax: u32) {}
}

const stations = new Array<Station>();

function build(): void {
  stations.length = 0;
  for (let id: u32 = 0; id < 60; id++) {
    const kind = id % 3;
    if (kind == 0) stations.push(new Adder(id));
    else if (kind == 1) stations.push(new Mixer(id));
    else stations.push(new Gate(id));
  }
  for (let at = 0; at < stations.length; at++) stations[at].next = stations[(at * 7 + 5) % stations.length];
}

function work(seed: u32): u32 {
  let hash = seed;
  for (let count: u32 = 0; count < 2000; count++) {
    const job = new Job(hash + count, 10 + (hash & 15));
    hash = (hash ^ stations[hash % <u32>stations.length].take(job)) * 16777619;
  }
  return hash;
}

export function run(rounds: u32): u32 {
  build();
  let hash: u32 = 2166136261;
  for (let round: u32 = 0; round < rounds; round++) hash = work(hash);
  return hash;
}
