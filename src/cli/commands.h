// Every command, in the order in which --help lists them.
#pragma once

#include "cli/cli.h"

namespace Atoll::cli {

void add_models(Cli& cli);
void add_show(Cli& cli);
void add_convert(Cli& cli);
void add_pull(Cli& cli);
void add_check(Cli& cli);
void add_predict(Cli& cli);
void add_targets(Cli& cli);
void add_compare(Cli& cli);
void add_calibrate(Cli& cli);
void add_probe(Cli& cli);
void add_search(Cli& cli);
void add_trials(Cli& cli);
void add_trial(Cli& cli);
void add_worker(Cli& cli);
void add_scale(Cli& cli);
void add_train(Cli& cli);
void add_eval(Cli& cli);
void add_quantize(Cli& cli);
void add_prune(Cli& cli);
void add_debug_quant(Cli& cli);
void add_classify(Cli& cli);
void add_run(Cli& cli);
void add_bench(Cli& cli);
void add_fit(Cli& cli);

}  // namespace Atoll::cli
