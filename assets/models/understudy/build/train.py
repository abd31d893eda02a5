"""Trains the model of this folder: `python train.py CORPUS OUT` writes tokenizer, weights and what checks them into OUT.

Plays are lists of speeches, `NAME:` and lines below it. A speech ends with the token </s>, a window of training begins
with <s> at the beginning of a speech. The last tenth of the text is held out. One seed decides everything; threads and
processors change last bits, so another machine gets a model of the same quality and not the same file.
"""

import argparse
import hashlib
import json
import math
import os
import time

import torch
import torch.nn.functional as functional
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from torch import nn

CORPUS_SHA256 = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"
BEGIN, END = 0, 1
CONFIG = {
    "vocab_size": 1024,
    "hidden_size": 160,
    "intermediate_size": 384,
    "num_hidden_layers": 5,
    "num_attention_heads": 5,
    "num_key_value_heads": 1,
    "head_dim": 32,
    "max_position_embeddings": 512,
    "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0,
}
BATCH_TOKENS = 4096
MATRIX_RATE, OTHER_RATE = 0.02, 0.004
WARM_STEPS = 100
CONSTANT_SHARE = 0.75
DROPOUT = 0.1


def split(path):
    text = open(path, encoding="utf-8", newline="").read()
    digest = hashlib.sha256(text.encode()).hexdigest()
    assert digest == CORPUS_SHA256, f"the corpus has the digest {digest}"
    speeches = text.strip("\n").split("\n\n")
    end, length = 0, 0
    while length < 0.9 * len(text):
        length += len(speeches[end]) + 2
        end += 1
    return speeches[:end], speeches[end:]


def train_tokenizer(speeches):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=CONFIG["vocab_size"],
        special_tokens=["<s>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(speeches, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", BEGIN)])
    return tokenizer


class Norm(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))

    def forward(self, x):
        return functional.rms_norm(x, (x.shape[-1],), self.weight, CONFIG["rms_norm_eps"])


def rotate(x, cosines, sines):
    left, right = x.chunk(2, dim=-1)
    return torch.cat((left * cosines - right * sines, right * cosines + left * sines), dim=-1)


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        hidden, inner, size = CONFIG["hidden_size"], CONFIG["intermediate_size"], CONFIG["head_dim"]
        self.heads, self.shared = CONFIG["num_attention_heads"], CONFIG["num_key_value_heads"]
        self.input_layernorm = Norm(hidden)
        self.q_proj = nn.Linear(hidden, self.heads * size, bias=False)
        self.k_proj = nn.Linear(hidden, self.shared * size, bias=False)
        self.v_proj = nn.Linear(hidden, self.shared * size, bias=False)
        self.o_proj = nn.Linear(self.heads * size, hidden, bias=False)
        self.post_attention_layernorm = Norm(hidden)
        self.gate_proj = nn.Linear(hidden, inner, bias=False)
        self.up_proj = nn.Linear(hidden, inner, bias=False)
        self.down_proj = nn.Linear(inner, hidden, bias=False)

    def forward(self, x, cosines, sines):
        rows, tokens, _ = x.shape
        h = self.input_layernorm(x)
        split = lambda y, heads: y.view(rows, tokens, heads, -1).transpose(1, 2)
        q = rotate(split(self.q_proj(h), self.heads), cosines, sines)
        k = rotate(split(self.k_proj(h), self.shared), cosines, sines)
        v = split(self.v_proj(h), self.shared)
        k, v = (y.repeat_interleave(self.heads // self.shared, dim=1) for y in (k, v))
        attended = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        attended = self.o_proj(attended.transpose(1, 2).reshape(rows, tokens, -1))
        x = x + functional.dropout(attended, DROPOUT, self.training)
        h = self.post_attention_layernorm(x)
        fed = self.down_proj(functional.silu(self.gate_proj(h)) * self.up_proj(h))
        return x + functional.dropout(fed, DROPOUT, self.training)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(CONFIG["vocab_size"], CONFIG["hidden_size"])
        self.layers = nn.ModuleList(Layer() for _ in range(CONFIG["num_hidden_layers"]))
        self.norm = Norm(CONFIG["hidden_size"])
        half = CONFIG["head_dim"] // 2
        speeds = CONFIG["rope_theta"] ** (-torch.arange(half, dtype=torch.float64) / half)
        angles = torch.arange(CONFIG["max_position_embeddings"], dtype=torch.float64)[:, None] * speeds
        self.register_buffer("cosines", angles.cos().float(), persistent=False)
        self.register_buffer("sines", angles.sin().float(), persistent=False)
        for name, weight in self.named_parameters():
            if weight.dim() == 2:
                scale = 0.5 if name.endswith(("o_proj.weight", "down_proj.weight")) else 1.0
                nn.init.normal_(weight, std=0.02 if name.startswith("embed") else scale / weight.shape[1] ** 0.5)

    def forward(self, ids):
        tokens = ids.shape[1]
        cosines, sines = self.cosines[:tokens], self.sines[:tokens]
        x = functional.dropout(self.embed(ids), DROPOUT, self.training)
        for layer in self.layers:
            x = layer(x, cosines, sines)
        return functional.linear(self.norm(x), self.embed.weight)


class Muon:
    """Momentum made orthogonal, for the matrices between embedding and scores."""

    def __init__(self, weights):
        self.weights = weights
        self.moments = [torch.zeros_like(weight) for weight in weights]

    @torch.no_grad()
    def step(self, rate):
        for weight, moment in zip(self.weights, self.moments):
            moment.lerp_(weight.grad, 0.05)
            update = orthogonal(weight.grad.lerp(moment, 0.95))
            weight.mul_(1 - rate * 0.1)
            weight.add_(update, alpha=-rate * max(1, weight.shape[0] / weight.shape[1]) ** 0.5)


def orthogonal(matrix):
    """Five steps of a polynomial that brings all singular values near to one."""
    x = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix
    x = x / (x.norm() + 1e-7)
    for _ in range(5):
        square = x @ x.T
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    return x.T if matrix.shape[0] > matrix.shape[1] else x


def loss_of(model, windows):
    scores = model(windows[:, :-1])
    return functional.cross_entropy(scores.flatten(0, 1), windows[:, 1:].flatten())


@torch.no_grad()
def held_out_loss(model, ids):
    """Mean over all held-out tokens in windows of the whole context, each with <s> before it."""
    model.eval()
    span = CONFIG["max_position_embeddings"] - 1
    total = 0.0
    for start in range(0, len(ids), span):
        window = torch.tensor([[BEGIN, *ids[start : start + span]]])
        total += loss_of(model, window).item() * (window.shape[1] - 1)
    model.train()
    return total / len(ids)


class Windows:
    def __init__(self, encoded, generator):
        self.ids = torch.tensor([id for speech in encoded for id in speech])
        starts, place = [], 0
        for speech in encoded:
            starts.append(place)
            place += len(speech)
        span = CONFIG["max_position_embeddings"]
        self.starts = torch.tensor([start for start in starts if start + span <= place])
        self.generator = generator

    def batch(self, span):
        count = BATCH_TOKENS // span
        chosen = self.starts[torch.randint(len(self.starts), (count,), generator=self.generator)]
        rows = torch.stack([self.ids[start : start + span] for start in chosen.tolist()])
        return torch.cat((torch.full((count, 1), BEGIN), rows), dim=1)


def share_of_rate(step, steps):
    """Warm-up, then constant, then down to nothing."""
    return min(1.0, (step + 1) / WARM_STEPS, (steps - step) / ((1 - CONSTANT_SHARE) * steps))


def train(model, windows, held_out, options):
    """`held_out` gives the mean loss of held-out tokens, and how many bits that is per byte of text."""
    matrices = [p for name, p in model.named_parameters() if p.dim() == 2 and not name.startswith("embed")]
    others = [p for name, p in model.named_parameters() if p.dim() == 1 or name.startswith("embed")]
    muon = Muon(matrices)
    adam = torch.optim.AdamW(others, lr=OTHER_RATE, betas=(0.9, 0.98), weight_decay=0.01)
    started, mean = time.monotonic(), None
    steps = options.steps
    for step in range(steps):
        share = share_of_rate(step, steps)
        # Half of the context is cheaper, and enough until the rate goes down.
        span = CONFIG["max_position_embeddings"] // (2 if step < CONSTANT_SHARE * steps else 1)
        loss = loss_of(model, windows.batch(span))
        loss.backward()
        muon.step(MATRIX_RATE * share)
        adam.param_groups[0]["lr"] = OTHER_RATE * share
        adam.step()
        model.zero_grad(set_to_none=True)
        mean = loss.item() if mean is None else 0.95 * mean + 0.05 * loss.item()
        done = step + 1
        if done % 20 == 0 or done == steps:
            line = f"step {done}/{steps} loss {mean:.4f}"
            if done % 100 == 0 or done == steps:
                held, bits = held_out()
                line += f" held out {held:.4f} perplexity {math.exp(held):.2f} bits per byte {bits:.4f}"
                torch.save(model.state_dict(), f"{options.out}/weights.pt")
            print(f"{line} ({time.monotonic() - started:.0f} s)", flush=True)


def write_results(model, test_ids, test_bytes, out):
    """Weights one after the other as float32, the held-out tokens, and the scores of their first window."""
    model.eval()
    weights = list(model.named_parameters())
    with open(f"{out}/weights.bin", "wb") as file:
        for _, weight in weights:
            file.write(weight.detach().contiguous().numpy().tobytes())
    with torch.no_grad():
        window = [BEGIN, *test_ids[: CONFIG["max_position_embeddings"] - 1]]
        scores = model(torch.tensor([window]))[0]
    with open(f"{out}/scores.bin", "wb") as file:
        file.write(scores.contiguous().numpy().tobytes())
    facts = {
        "config": CONFIG,
        "weights": [{"name": name, "count": weight.numel()} for name, weight in weights],
        "heldOut": {"bytes": test_bytes, "tokens": test_ids},
    }
    with open(f"{out}/model.json", "w") as file:
        json.dump(facts, file)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("corpus")
    parser.add_argument("out")
    parser.add_argument("--steps", type=int, default=1030)
    parser.add_argument("--trained", action="store_true", help="take OUT/weights.pt and write the results")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1616)
    os.makedirs(options.out, exist_ok=True)
    training, held_out = split(options.corpus)
    tokenizer = train_tokenizer(training)
    tokenizer.save(f"{options.out}/tokenizer.json")
    encode = lambda speeches: [[*tokenizer.encode(speech, add_special_tokens=False).ids, END] for speech in speeches]
    windows = Windows(encode(training), torch.Generator().manual_seed(1623))
    test_ids = [id for speech in encode(held_out) for id in speech]
    test_bytes = sum(len(speech.encode()) + 2 for speech in held_out)
    model = Model()
    print(f"{sum(p.numel() for p in model.parameters())} weights, {len(windows.ids)} tokens of training, "
          f"{len(test_ids)} held out ({test_bytes} bytes)", flush=True)
    if options.trained:
        model.load_state_dict(torch.load(f"{options.out}/weights.pt"))
    else:

        def held_out_figures():
            loss = held_out_loss(model, test_ids)
            return loss, loss * len(test_ids) / test_bytes / math.log(2)

        train(model, windows, held_out_figures, options)
    write_results(model, test_ids, test_bytes, options.out)


main()
