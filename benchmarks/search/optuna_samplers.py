"""Optuna's samplers on the tables of the search benchmark, which the program itself serves.

Prints "at ACCURACY LATENCY" for every evaluation and "end SEED SECONDS" after a run. A network over the budget
violates a constraint and is not counted, nor is one that was evaluated before: the same rules that hold for Atoll's
algorithms.

TPE looks at all trials anew for each suggestion, though a finished trial no longer changes. FasterTPE keeps what it
reads of them in arrays and splits them with numpy, which changes no suggestion (--plain leaves TPE as it is, to
compare) and saves half of the time.
"""
import argparse
import subprocess
import time
import warnings

import numpy
import optuna
import optuna.samplers._tpe.sampler as tpe

parser = argparse.ArgumentParser()
parser.add_argument("--sampler", choices=["tpe", "nsga2"])
parser.add_argument("--budget", type=float)
parser.add_argument("--goal", type=float)
for name in ("least", "most", "asks"):
    parser.add_argument("--" + name, type=int)
parser.add_argument("--seeds", type=lambda text: [int(seed) for seed in text.split(",")])
parser.add_argument("--plain", action="store_true")
parser.add_argument("--oracle", nargs=argparse.REMAINDER)
options = parser.parse_args()
optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.filterwarnings("ignore")

oracle = subprocess.Popen(options.oracle, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
choices = [int(n) for n in oracle.stdout.readline().split()][1:]


class FasterTPE(optuna.samplers.TPESampler):
    def __init__(self, **arguments):
        super().__init__(**arguments)
        self.seen = 0
        self.choices = numpy.empty((options.asks, len(choices)))
        self.values, self.violations = numpy.empty((2, options.asks))

    def split(self, study, trials, n_below):
        """Numbers of the trials below and above: feasible ones by value, then the others by violation."""
        for i, trial in enumerate(trials[self.seen:], start=self.seen):
            self.choices[i] = [trial.params[f"d{d}"] for d in range(len(choices))]
            self.values[i] = trial.value
            self.violations[i] = sum(v for v in trial.constraints.values() if v > 0)
        self.seen = n = len(trials)
        order = numpy.lexsort((-self.values[:n] * (self.violations[:n] == 0), self.violations[:n]))
        return numpy.sort(order[:n_below]), numpy.sort(order[n_below:])

    def _get_internal_repr(self, numbers, search_space, study):
        return {name: self.choices[numbers, int(name[1:])] for name in search_space}


def constraints(trial):
    return (trial.user_attrs["latency"] / options.budget - 1,)


def make_study(seed):
    if options.sampler == "tpe":
        sampler = (optuna.samplers.TPESampler if options.plain else FasterTPE)(
            seed=seed, constraints_func=constraints)
        if not options.plain:
            tpe._split_trials = sampler.split
        return optuna.create_study(direction="maximize", sampler=sampler)
    return optuna.create_study(
        directions=["maximize", "minimize"],
        sampler=optuna.samplers.NSGAIISampler(seed=seed, constraints_func=constraints))


for seed in options.seeds:
    start = time.monotonic()
    study = make_study(seed)
    known, networks = {}, set()
    evaluated = 0
    reached = False
    for _ in range(options.asks):
        if evaluated >= options.most or (reached and evaluated >= options.least):
            break
        trial = study.ask()
        genotype = tuple(trial.suggest_categorical(f"d{i}", list(range(n))) for i, n in enumerate(choices))
        if genotype not in known:
            oracle.stdin.write(" ".join(map(str, genotype)) + "\n")
            network, *scores = oracle.stdout.readline().split()
            known[genotype] = network, *map(float, scores)
        network, accuracy, latency = known[genotype]
        fresh = network not in networks
        networks.add(network)
        trial.set_user_attr("latency", latency)
        feasible = latency <= options.budget
        if fresh and feasible:
            evaluated += 1
            reached = reached or accuracy >= options.goal
            print("at", accuracy, latency)
        value = accuracy if feasible else 0.0
        study.tell(trial, value if options.sampler == "tpe" else (value, latency))
    print("end", seed, time.monotonic() - start, flush=True)
